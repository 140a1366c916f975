"""The template of a report, for jinja with autoescape: only the style and the pictures made here are marked safe."""

TEMPLATE = """{% macro tags(facts) %}{% if not facts.visible %} <span class="tag">hidden</span>{% endif %}{% if facts.gone %} <span class="tag">no longer in the exercise</span>{% endif %}{% endmacro %}
{% macro rest(row) %}{% for key in unfinished if row.counts[key] %}{{ row.counts[key] }} {{ endings[key] }}{{ ", " if not loop.last }}{% else %}–{% endfor %}{% endmacro %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cohort report: {{ cohort.title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the report</a>
<main id="content">
<h1>Cohort report: {{ cohort.title }}</h1>
<p class="small">Course <code>{{ cohort.course }}</code>, last graded {{ cohort.graded_at }}. For instructors: it names
learners.</p>
<div class="status lead">
<p><strong>{{ counted(headline.learners, "learner") }}</strong> handed in {{ counted(headline.submissions, "submission") }};
{% if headline.ended %}{{ headline.graded }} ended well, the others did not: {{ headline.ended }}.
{% else %}all ended well.{% endif %}
{% if headline.median is not none %} The median is {{ headline.median | percent }} of the points that are settled.{% endif %}</p>
<p>{% if headline.waiting %}<strong>{{ counted(headline.waiting, "submission") }}</strong>
{{ "needs" if headline.waiting == 1 else "need" }} a person:
{% for title, count, broken in headline.waiting_for %}{{ title }} ({{ count }}{{ ", a check broke" if broken }}){{ ", " if not loop.last }}{% endfor %}.
{% else %}<strong>Nothing</strong> waits for a person.{% endif %}</p>
<p>{% if headline.first %}The check that most fail is <strong>{{ headline.first.facts.title }}</strong> in
{{ headline.first.part_title }}{{ ", " ~ headline.first_unit if headline.first_unit }}:
{{ headline.first.failures }} of {{ headline.first.total }}.
{% if headline.fit %}{% set several = headline.fit.sentences | length > 1 %}
{% if headline.fit.submissions %}{% set all = headline.fit.submissions == headline.first.failures %}
{{ ("All of them" if all and headline.fit.submissions > 1 else headline.fit.submissions ~ " of them") if headline.first.failures > 1 else "It" }}
{{ "looks" if headline.fit.submissions == 1 else "look" }} like
{{ "one of these beliefs, which the checks cannot tell apart" if several else "this belief" }}:
{% else %}What leads there:
{% endif %}{% for sentence in headline.fit.sentences %}“{{ sentence }}”{{ " or " if not loop.last }}{% endfor %}
{% endif %}{% else %}<strong>Nobody</strong> fails a check that they tried.{% endif %}</p>
</div>
{% if unsealed or cohort.problems %}
<div class="comment" role="note">
{% if unsealed %}<p><strong>Unsealed:</strong> {{ counted(unsealed, "result") }} came from code that ran without a
sandbox; whoever wrote it could have changed the marks.</p>{% endif %}
{% for problem in cohort.problems %}<p class="id">{{ problem }}</p>
{% endfor %}
</div>
{% endif %}
{% if units | length > 1 %}
<nav class="units" aria-label="Exercises"><ul>
{% for unit in units %}<li><a href="#{{ unit.anchor }}">{{ unit.facts.title }}</a></li>
{% endfor %}</ul></nav>
{% endif %}
{% for unit in units %}
{% set summary = unit.summary %}{% set total = summary.submissions | length %}
<section aria-labelledby="{{ unit.anchor }}">
<h2 id="{{ unit.anchor }}"{% if loop.first %} class="first"{% endif %}>{{ unit.facts.title }}</h2>
<p class="small"><code>{{ unit.facts.name }}</code></p>
{% if unit.facts.problem %}<div class="comment" role="note"><p>{{ unit.facts.problem }}</p></div>{% endif %}
{% if units | length > 1 %}<p>{{ counted(total, "submission") }}; the median is {{ unit.median | percent }} of the settled points.
{% if unit.first %} Most fail <strong>{{ unit.first.facts.title }}</strong>
({{ unit.first.failures }} of {{ unit.first.total }}).{% endif %}</p>{% endif %}

<h3>Marks by part</h3>
{% if unit.marks_picture %}<figure>{{ unit.marks_picture | safe }}
<figcaption>How many submissions have how much of each part's points (in brackets).</figcaption></figure>{% endif %}
<table>
<caption>The picture in numbers</caption>
<thead><tr><th scope="col">Part</th><th scope="col">Points</th>
{% for words in bins.values() %}<th scope="col">{{ words | capitalize }}</th>{% endfor %}
<th scope="col">Mean</th><th scope="col">Median</th></tr></thead>
<tbody>
{% for row in summary.parts %}
<tr><th scope="row">{{ row.facts.title }}{% if row.facts.written %} <span class="tag">written</span>{% endif %}{% if row.facts.gone %} <span class="tag">no longer in the exercise</span>{% endif %}</th>
<td class="number">{{ row.max_points | points }}</td>
{% for key in bins %}<td class="number">{{ row.counts[key] }}</td>{% endfor %}
<td class="number">{{ row.mean | points }}</td><td class="number">{{ row.median | points }}</td></tr>
{% endfor %}
</tbody></table>

<h3>Checks that fail, and what people believe</h3>
{% if unit.checks_picture %}<figure>{{ unit.checks_picture | safe }}
<figcaption>How many submissions do not pass, worst first; in brackets how many fail. The rest passes.</figcaption></figure>
{% elif summary.checks %}<p>Nobody fails a check that they tried.</p>{% endif %}
{% if unit.failing %}
<table class="checks">
<caption>Checks that fail, worst first. A submission looks like a belief when it fails every check that a wrong answer with
that belief must fail: a likeness, no proof.</caption>
<thead><tr><th scope="col">Check</th><th scope="col">Fail</th><th scope="col">Not tried or not run</th>
<th scope="col">The belief behind it</th></tr></thead>
<tbody>
{% for row in unit.failing %}
<tr><th scope="row">{{ row.facts.title }}{{ tags(row.facts) }}<br>
<span class="small">{{ row.part_title }}<br><code>{{ row.facts.full_name }}</code></span></th>
<td class="number">{{ row.failures }} of {{ row.total }}<br><span class="small">{{ (row.failures / row.total) | percent }}{% if row.counts["timed_out"] %},<br>{{ row.counts["timed_out"] }} out of time{% endif %}</span></td>
<td>{{ rest(row) }}</td>
<td>{% set fits = unit.fits[row.facts.full_name] %}{% if not fits %}The exercise knows none.
{% else %}{% if not row.explained %}<p class="small">None looks alike. Known to fail here:</p>{% endif %}<ul>
{% for fit in fits %}<li>{% for sentence in fit.sentences %}{{ sentence }}{% if not loop.last %} <em>Or:</em> {% endif %}{% endfor %}{% if fit.submissions %} <span class="small">({{ fit.submissions }} of {{ row.failures }})</span>{% endif %}</li>
{% endfor %}</ul>{% endif %}</td></tr>
{% endfor %}
</tbody></table>
{% endif %}
{% if unit.unfailed %}
<table>
<caption>Checks that nobody fails</caption>
<thead><tr><th scope="col">Check</th><th scope="col">Part</th><th scope="col">Pass</th><th scope="col">Not tried or not run</th></tr></thead>
<tbody>
{% for row in unit.unfailed %}
<tr><th scope="row">{{ row.facts.title }}{{ tags(row.facts) }}</th><td>{{ row.part_title }}</td>
<td class="number">{{ row.counts["passed"] }} of {{ row.total }}</td><td>{{ rest(row) }}</td></tr>
{% endfor %}
</tbody></table>
{% endif %}
{% if not summary.checks %}<p>No check was run.</p>{% endif %}

<h3>How they ended</h3>
<table>
<caption>Statuses, and the sentence that the learners read</caption>
<thead><tr><th scope="col">Status</th><th scope="col">Submissions</th><th scope="col">Sentence</th><th scope="col" class="who">Who</th></tr></thead>
<tbody>
{% for row in summary.statuses %}
<tr><th scope="row">{{ row.status | capitalize }}</th><td class="number">{{ row.count }}</td><td class="id">{{ row.sentence }}
{% for belief in summary.fault_beliefs.get(row.status, ()) %}<br><span class="small">Known to end so: {{ belief }}</span>{% endfor %}</td>
<td class="id">{{ row.learners | join(", ") or "–" }}</td></tr>
{% endfor %}
</tbody></table>

<h3>What waits for a person</h3>
{% if unit.waiting %}
<table>
<caption>Open them in formgrader under “Manual Grading”.</caption>
<thead><tr><th scope="col">Part</th><th scope="col">Submissions</th><th scope="col">Why</th><th scope="col" class="who">Who</th></tr></thead>
<tbody>
{% for row in unit.waiting %}
<tr><th scope="row">{{ row.facts.title }}</th><td class="number">{{ row.waiting | length }}</td>
<td>{% if row.facts.written %}A person reads it.{% elif row.broken %}A check broke ({{ row.broken }}): the exercise's fault, not the learner's.{% else %}The answer has changed since a person gave a mark.{% endif %}</td>
<td class="id">{{ row.waiting | join(", ") }}</td></tr>
{% endfor %}
</tbody></table>
{% else %}<p>Nothing.</p>{% endif %}

<h3>Time and memory</h3>
{% if unit.use_picture %}<figure>{{ unit.use_picture | safe }}
<figcaption>One mark for each submission that was run; both axes are logarithmic. Each submission's numbers are in
<a href="#{{ unit.anchor }}-each">the last table</a>.</figcaption></figure>{% endif %}
{% if summary.uses %}
<table>
<caption>What grading one submission took{% if unit.not_run %}; {{ unit.not_run }} never ran{% endif %}</caption>
<thead><tr><th scope="col">Of</th><th scope="col">Median</th><th scope="col">Nine of ten, at most</th><th scope="col">Most</th>
<th scope="col">Whose</th><th scope="col">Limit</th></tr></thead>
<tbody>
{% for row in summary.uses %}
<tr><th scope="row">{{ row.name }} ({{ row.unit }})</th><td class="number">{{ row.median | number(row.unit) }}</td>
<td class="number">{{ row.nine_of_ten | number(row.unit) }}</td><td class="number">{{ row.most | number(row.unit) }}</td>
<td class="id">{{ row.most_by }}</td><td class="number">{{ row.limit | number(row.unit) }}</td></tr>
{% endfor %}
</tbody></table>
{% else %}<p>Nothing was run.</p>{% endif %}

<h3 id="{{ unit.anchor }}-each">Each submission</h3>
<div class="wide" role="region" aria-labelledby="{{ unit.anchor }}-each" tabindex="0">
<table>
<caption>Points so far by part; * waits for a person</caption>
<thead><tr><th scope="col">Learner</th><th scope="col">Status</th>
{% for row in summary.parts %}<th scope="col">{{ row.facts.title }}</th>{% endfor %}
<th scope="col">Points</th><th scope="col">Of</th><th scope="col">CPU s</th><th scope="col">Clock s</th><th scope="col">MiB</th></tr></thead>
<tbody>
{% for submission in summary.submissions %}
<tr><th scope="row" class="id">{{ submission.learner }}</th><td>{{ submission.status }}{% if not submission.sealed %} (unsealed){% endif %}</td>
{% for row in summary.parts %}{% set mark = submission.marks.get(row.facts.name) %}<td class="number">{% if mark %}{{ mark.earned | points }}{{ "*" if mark.waits }}{% else %}–{% endif %}</td>{% endfor %}
<td class="number">{{ submission.earned | points }}</td><td class="number">{{ submission.max_points | points }}</td>
{% if submission.ran %}<td class="number">{{ submission.cpu_s | number("s") }}</td><td class="number">{{ submission.wall_s | number("s") }}</td><td class="number">{{ submission.memory_peak_mib | number("MiB") }}</td>
{% else %}<td class="number">–</td><td class="number">–</td><td class="number">–</td>{% endif %}</tr>
{% endfor %}
</tbody></table>
</div>
</section>
{% endfor %}
<footer><p class="small">From the journal of results and the exercises; points that people gave come from the gradebook.
Penalties for lateness are not taken off. The same numbers are in the CSV files beside this page.</p></footer>
</main>
</body>
</html>
"""  # noqa: E501 : a line break inside a tag would show in the page
