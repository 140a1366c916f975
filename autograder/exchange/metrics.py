"""What is counted for Prometheus: by course where that is known, never by learner."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REQUEST_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


class Metrics:
    """One registry for one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "exchange_requests",
            "Requests, by what was asked and the status",
            ("what", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "exchange_request_seconds",
            "How long requests took",
            ("what",),
            buckets=REQUEST_SECONDS,
            registry=self.registry,
        )
        self.attempts = Counter("exchange_attempts", "Attempts received", ("course", "late"), registry=self.registry)
        self.bytes_in = Counter("exchange_bytes_received", "Bytes of uploads", registry=self.registry)
        self.bytes_out = Counter("exchange_bytes_sent", "Bytes of downloads", registry=self.registry)
        self.uploads = Gauge("exchange_uploads_running", "Uploads that are running", registry=self.registry)
        self.swept = Counter("exchange_files_swept", "Files that nothing pointed to", registry=self.registry)
