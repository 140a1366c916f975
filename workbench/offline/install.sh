#!/bin/sh
# Installs the AI Factory Course Kit from this folder, without a network: sh install.sh [FOLDER]
# FOLDER: where the virtual environment is made (default: ai-factory-course-kit-venv, in the folder above this one).
# PYTHON=/path/to/python3.11 chooses the interpreter.
# This script and install.py each check every file of the bundle, so that no single damaged file can hide itself.
set -eu

refuse() {
    printf 'install: %s\nNothing was installed.\n' "$*" >&2
    exit 1
}

check_files() {
    if command -v sha256sum >/dev/null 2>&1; then
        said=$(LC_ALL=C sha256sum --check --strict --quiet SHA256SUMS 2>&1) && return
    elif command -v shasum >/dev/null 2>&1; then
        said=$(LC_ALL=C shasum -a 256 --check --strict --quiet SHA256SUMS 2>&1) && return
    else
        return 0
    fi
    # No single damaged file: the list itself may be.
    refuse "this bundle is damaged: $(printf '%s' "$said" | head -n 3 | tr '\n' ';') (SHA256SUMS lists the files). Copy the archive again."
}

choose_python() {
    for candidate in ${PYTHON:-} python@PYTHON@ python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# In braces: the shell reads all of it before it runs any of it.
{
    folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    target=${1:-$folder/../ai-factory-course-kit-venv}
    case $target in /*) ;; *) target=$PWD/$target ;; esac
    cd -- "$folder"
    check_files
    python=$(choose_python) || refuse "Python @PYTHON@ is needed: the packages in this bundle are built for it. Set PYTHON=/path/to/python@PYTHON@"
    exec "$python" -I install.py "$target"
}
