"""The catalogue for jinja with autoescape: only style, script and map, which are made here, are marked safe."""

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Courses: AI Factory Course Kit</title>
<style>{{ style | safe }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the courses</a>
<main id="content">
<h1>Courses</h1>
<p class="lead">{{ courses | length }} course{{ "s" if courses | length != 1 }}, {{ units | length }} unit{{ "s" if units | length != 1 }}.
A unit is a lesson, which teaches and is not graded, and an exercise, which checks what you write. Every unit runs on a
laptop with two cores, without a graphics processor (GPU) and without a network.</p>
<p>To work on your own machine: <code>workbench start</code>. It copies the notebooks to a folder of yours and opens them.</p>

<form id="find" role="search" hidden>
<div><label for="words">Search the units</label>
<input id="words" type="search" autocomplete="off" spellcheck="false" aria-describedby="found"></div>
<div><label for="level">Level</label>
<select id="level"><option value="">any</option>
{% for level, count in levels %}<option value="{{ level }}">{{ level }} ({{ count }})</option>
{% endfor %}</select></div>
<p id="found" role="status"></p>
</form>

<nav id="contents" aria-label="Courses">
<ul>
{% for course in courses %}<li><a href="#{{ course.name }}">{{ course.title }}</a>
<span class="small">{{ course.units | length }} unit{{ "s" if course.units | length != 1 }}, {{ course.minutes | duration }}</span></li>
{% endfor %}
<li><a href="#map">How the units build on each other</a></li>
</ul>
</nav>

{% for course in courses %}
<section class="course" aria-labelledby="{{ course.name }}">
<h2 id="{{ course.name }}">{{ course.title }}</h2>
<p>{{ course.audience }}. <span class="small">{{ course.minutes | duration }} in all.</span></p>
<p class="after">After this course you can</p>
<ul class="outcomes">
{% for outcome in course.outcomes %}<li>{{ outcome }}</li>
{% endfor %}</ul>
{% if course.introduction %}<p>Begin with the introduction, “{{ course.introduction.spec.title }}”
(<code>{{ course.introduction.lesson.name }}</code>, {{ course.introduction.spec.minutes | duration }}).</p>
{% endif %}
<ol class="units">
{% for unit in course.units %}{% set spec = unit.authored.spec %}
<li>
<article class="unit" id="{{ unit.name | anchor }}" data-level="{{ spec.level }}" aria-labelledby="{{ unit.name | anchor }}-title">
<h3 id="{{ unit.name | anchor }}-title">{{ unit.title }}</h3>
<p class="facts"><span class="tag">{{ spec.level }}</span>
{% if unit.lesson %}<span>lesson {{ unit.lesson.spec.minutes | duration }}</span>{% endif %}
<span>exercise {{ spec.minutes | duration }}, {{ unit.points | points }} points</span>
<code>{{ unit.name }}</code></p>
{% if unit.lesson %}<p class="lesson">{{ unit.lesson.spec.title }}</p>{% endif %}
<ul class="outcomes">
{% for outcome in spec.outcomes %}<li>{{ outcome }}</li>
{% endfor %}</ul>
<dl>
<div class="near"><dt>Before it</dt><dd>{% for name in unit.needs %}{% if name in units %}<a href="#{{ name | anchor }}">{{ units[name].title }}</a>{% else %}<code>{{ name }}</code>{% endif %}{{ ", " if not loop.last }}{% else %}nothing{% endfor %}</dd></div>
{% if leads_to[unit.name] %}<div class="near"><dt>Leads to</dt><dd>{% for name in leads_to[unit.name] %}<a href="#{{ name | anchor }}">{{ units[name].title }}</a>{{ ", " if not loop.last }}{% endfor %}</dd></div>
{% endif %}
<div><dt>Runs on</dt><dd>a laptop, with up to {{ spec.limits.memory_gib | points }} GiB of memory for the exercise{% if unit.larger_on %}; computes more on a {{ unit.larger_on | join(" or a ") | replace("gpu", "GPU") }}{% endif %}</dd></div>
{% if spec.skills %}<div><dt>Skills</dt><dd>{{ spec.skills | join(", ") }} <span class="small">(HPC Certification Forum)</span></dd></div>
{% endif %}
</dl>
<details><summary>Graded parts{{ " and measured times" if unit.measured }}<span class="hidden"> of {{ unit.title }}</span></summary>
<table><caption>What is graded</caption>
<thead><tr><th scope="col">Part</th><th scope="col">Points</th><th scope="col">Graded by</th></tr></thead>
<tbody>
{% for part in unit.parts %}<tr><th scope="row">{{ part.title }}</th><td class="number">{{ part.points | points }}</td><td>{{ "a person" if part.written else "checks" }}</td></tr>
{% endfor %}</tbody></table>
{% for profile, measured in runs(unit) %}
<table><caption>Measured as <code>{{ profile }}</code> ({{ machine(measured) }}), with the start of the notebook's kernel</caption>
<thead><tr><th scope="col">Notebook</th><th scope="col">Time, s</th><th scope="col">Highest memory, MiB</th></tr></thead>
<tbody>
{% for ran in measured %}<tr><th scope="row">{{ ran.kind }}</th><td class="number">{{ "%.0f" | format(ran.wall_s) }}</td><td class="number">{{ "%.0f" | format(ran.memory_mib) }}</td></tr>
{% endfor %}</tbody></table>
{% else %}
<p class="small">How long its notebooks take was not measured yet.</p>
{% endfor %}
</details>
</article>
</li>
{% endfor %}
</ol>
</section>
{% endfor %}

<section aria-labelledby="map">
<h2 id="map">How the units build on each other</h2>
{% if links %}<p>An arrow leads from a unit to one that builds on it.</p>
{% else %}<p>No unit asks for another one first: begin where you like.</p>{% endif %}
<div class="wide" tabindex="0" role="region" aria-label="Map of the courses, to be scrolled">
{{ map | safe }}
</div>
{% if links %}
<table><caption>The same in words</caption>
<thead><tr><th scope="col">Unit</th><th scope="col">Before it</th><th scope="col">Leads to</th></tr></thead>
<tbody>
{% for name, unit in units.items() if unit.needs or leads_to[name] %}
<tr><th scope="row"><a href="#{{ name | anchor }}">{{ unit.title }}</a></th>
<td>{% for other in unit.needs %}{{ units[other].title if other in units else other }}{{ "; " if not loop.last }}{% else %}–{% endfor %}</td>
<td>{% for other in leads_to[name] %}{{ units[other].title }}{{ "; " if not loop.last }}{% else %}–{% endfor %}</td></tr>
{% endfor %}</tbody></table>
{% endif %}
</section>
</main>
<script>{{ script | safe }}</script>
</body>
</html>
"""  # noqa: E501 : a line break inside a tag would show in the page
