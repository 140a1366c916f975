"""What people do in their browsers, click by click: the learner in JupyterLab, the instructor in formgrader."""

from playwright.sync_api import Locator, expect

from tests.browser.windows import Windows


class Learner:
    """Somebody in JupyterLab. `page` shows their Lab."""

    def __init__(self, windows: Windows, name: str, course: str, unit: str) -> None:
        self.windows, self.course, self.unit, self.runs = windows, course, unit, 0
        self.page = windows.sign_in(name)
        expect(self._menu("Nbgrader")).to_be_visible()
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        self.first_page = self.page.locator(".jp-MarkdownViewer, .jp-Launcher")
        expect(self.page.locator(".jp-MarkdownViewer h1, .jp-Launcher").first).to_be_visible()
        self.picture("learner-1-lab")

    def picture(self, what: str) -> None:
        self.windows.picture(self.page, f"{self.course}-{what}")

    def read_introduction(self) -> str:
        """From the first page to the introduction, which is the learner's own: runs and saves it; what it printed."""
        self.first_page.get_by_role("link", name="introduction").click()
        cell = self.page.locator(".jp-NotebookPanel .jp-CodeCell")
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle")
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text("[1]:")
        said = cell.locator(".jp-OutputArea-output").inner_text()
        self.page.keyboard.press("Control+S")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
        self.picture("learner-1-introduction")
        self.page.locator(".lm-DockPanel-tabBar .lm-mod-current .lm-TabBar-tabCloseIcon").click()
        expect(self.page.locator(".jp-NotebookPanel")).to_have_count(0)
        return said

    def open_list(self) -> None:
        """Nbgrader → Assignment List."""
        self._menu("Nbgrader").click()
        self.page.locator(".lm-Menu-item", has_text="Assignment List").click()
        self._wait_for_lists()

    def back_to_list(self) -> None:
        """To its tab, and the lists anew."""
        self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="Assignments").click()
        self.page.click("#refresh_assignments_list")
        self._wait_for_lists()

    def listed(self, which: str) -> Locator:
        """This assignment in one of the lists: released, fetched or submitted."""
        return self.page.locator(f"#{which}_assignments_list > .list_item", has_text=self.unit)

    def fetch(self) -> None:
        """Fetches the assignment, and sees it among those that are downloaded."""
        self.picture("learner-2-released")
        self.listed("released").get_by_role("button", name="Fetch").click()
        expect(self.listed("fetched").get_by_role("button", name="Submit")).to_be_visible()

    def open_notebook(self) -> None:
        """Opens the notebook from the list, and waits for its kernel."""
        self.listed("fetched").locator("a.assignment-notebooks-link").click()
        self.picture("learner-3-fetched")
        self.listed("fetched").locator(".nested_list_item a").click()
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle")

    def answer(self, name: str, source: str) -> None:
        """Replaces what a cell says: a code cell by its definition or first name, a written one by its starter."""
        if name.startswith("written-"):
            cell = self.page.locator(".jp-NotebookPanel .jp-MarkdownCell", has_text="Your answer")
            cell.locator(".jp-RenderedMarkdown em").dblclick()
        else:
            words = source.split("(")[0].split("=")[0].strip()
            cell = self.page.locator(".jp-NotebookPanel .jp-CodeCell .jp-InputArea", has_text=words).first
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        expect(self.page.locator(".jp-NotebookPanel .cm-content:focus")).to_contain_text(source.splitlines()[-1])

    def check(self) -> list[str]:
        """Runs all cells and saves; the first line of each table of checks."""
        cells = self.page.locator(".jp-NotebookPanel .jp-CodeCell")
        self.runs += 1
        self._menu("Run").click()
        self.page.locator(".lm-Menu-item", has=self.page.get_by_text("Run All Cells", exact=True)).click()
        expect(cells.last.locator(".jp-InputPrompt")).to_have_text(f"[{self.runs * cells.count()}]:")
        self.page.keyboard.press("Control+S")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
        tables = self.page.locator(".jp-NotebookPanel .jp-RenderedHTML caption")
        tables.first.scroll_into_view_if_needed()
        return tables.all_inner_texts()

    def submit(self) -> None:
        """Hands in from the list, and sees the attempt."""
        self.back_to_list()
        self.listed("fetched").get_by_role("button", name="Submit").click()
        expect(self.listed("submitted")).to_be_visible()
        self.picture("learner-6-submitted")

    def read_feedback(self) -> str:
        """Fetches feedback from the list, opens its folder and then its page; the text of the page."""
        self.back_to_list()
        self.listed("submitted").get_by_role("button", name="Fetch Feedback").click()
        view = self.listed("submitted").get_by_text("(view feedback)")
        expect(view).to_be_visible()
        self.picture("learner-7-feedback-fetched")
        view.click()
        self.page.locator(".jp-DirListing-item", has_text=f"{self.unit}.html").dblclick()
        page = self.page.frame_locator(".jp-HTMLViewer iframe").locator("body")
        expect(page).to_contain_text("Score:")
        self.picture("learner-8-feedback")
        return page.inner_text()

    def _menu(self, name: str) -> Locator:
        return self.page.locator(".lm-MenuBar-item", has_text=name)

    def _wait_for_lists(self) -> None:
        expect(self.page.locator("#course_list_default")).to_have_text(self.course)
        for which in ("released", "fetched", "submitted"):
            expect(self.page.locator(f"#{which}_assignments_list_loading")).to_be_hidden()


class Instructor:
    """Somebody who teaches one course. `page` shows its formgrader."""

    def __init__(self, windows: Windows, name: str, course: str, unit: str) -> None:
        self.windows, self.course, self.unit = windows, course, unit
        home = windows.sign_in(name, "/hub/home")
        expect(home.locator("a.formgrader")).to_have_count(1)
        windows.picture(home, f"{course}-instructor-1-home")
        with home.expect_popup() as opened:
            home.click("a.formgrader")
        self.page = opened.value
        windows.listen(self.page, name)
        self.picture("instructor-2-starting")
        expect(self._row().locator(".release a")).to_be_visible()
        self.picture("instructor-3-assignments")

    def picture(self, what: str) -> None:
        self.windows.picture(self.page, f"{self.course}-{what}", whole=True)

    def assignments(self) -> None:
        """To the page with all assignments."""
        self.page.get_by_role("link", name="Manage Assignments").click()
        expect(self._row().locator(".release a")).to_be_visible()

    def press(self, button: str, said: str, what: str) -> str:
        """One of the buttons of the assignment's row, or of a learner's; what the window says after it is closed."""
        self._row().locator(f".{button} a").click()
        return self._read(said, what)

    def autograde(self, learner: str) -> str:
        """The button of one submission."""
        self._submission(learner).locator(".autograde a").click()
        return self._read("Successfully autograded", f"instructor-6-autograded-{learner}")

    def open_submissions(self, count: int) -> str:
        """Through the number of submissions; what the table says."""
        link = self._row().locator(".num-submissions a")
        expect(link).to_have_text(str(count))
        link.click()
        expect(self.page.locator("#main-table tr")).to_have_count(count)
        self.picture("instructor-5-submissions")
        return self.page.locator("#main-table").inner_text()

    def wait_for_state(self, learner: str, state: str, score: str) -> None:
        """Until the page says so of one submission."""
        expect(self._submission(learner).locator(".status")).to_have_text(state)
        expect(self._submission(learner).locator(".score")).to_have_text(score)

    def grade_by_hand(self, cell: str, number: int, points: str, comment: str) -> None:
        """Manual Grading: opens a submission, sees the rubric beside the answer, gives points and a comment."""
        self.page.get_by_role("link", name="Manual Grading").click()
        for page in ("gradebook", f"gradebook/{self.unit}"):  # the assignment, then its notebook
            self.page.wait_for_url(f"**/{page}")
            self.page.locator("#main-table a", has_text=self.unit).click()
        self.page.get_by_role("link", name=f"Submission #{number}", exact=True).click()
        score = self.page.locator(f"#{cell}")
        expect(score).to_be_visible()
        expect(self.page.locator("#notebook-container").first).to_contain_text("is read by a person, who gives:")
        self.picture(f"instructor-7-grading-page-{number}")
        score.fill(points)
        box = self.page.locator(f"#{cell}-comment")
        box.fill(comment)
        with self.page.expect_response(lambda answer: "/api/comment/" in answer.url) as saved:
            box.blur()
        assert saved.value.status == 200
        expect(self.page.locator(".score-saved").last).to_be_visible()
        self.picture(f"instructor-8-graded-by-hand-{number}")
        self.page.get_by_role("link", name="Manual Grading").click()

    def _row(self) -> Locator:
        return self.page.locator("#main-table tr", has_text=self.unit)

    def _submission(self, learner: str) -> Locator:
        exact = self.page.locator(".student-id", has_text=learner)
        return self.page.locator("#main-table tr").filter(has=exact)

    def _read(self, said: str, what: str) -> str:
        window = self.page.locator(".modal.in")
        expect(window.locator(".modal-body")).to_be_visible()
        text = window.inner_text()
        assert said in text, text
        expect(window).to_have_css("opacity", "1")
        self.picture(what)
        window.get_by_role("button", name="OK").click()
        expect(self.page.locator(".modal-backdrop")).to_have_count(0)
        return text
