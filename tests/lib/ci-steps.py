#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ci-steps.py ACTION.YML FOLDER INPUT=VALUE...: writes each `run:` step of a composite action as FOLDER/N.sh and its variables as
FOLDER/N.env (shell), with the expressions that the action uses filled in from the inputs and, when N.sh runs, from the outputs
of the steps before (FOLDER/outputs.ID). ci-steps.py TEMPLATE.YML JOB FOLDER does so for a GitLab job's script."""
import re
import shlex
import sys

import yaml


def github(path, folder, given):
    action = yaml.safe_load(open(path))
    assert action["runs"]["using"] == "composite"
    inputs = {name: str(spec.get("default", "")) for name, spec in action["inputs"].items()}
    for pair in given:
        name, value = pair.split("=", 1)
        assert name in inputs, f"no input {name}"
        inputs[name] = value

    def fill(text):
        """Shell that prints the text, its ${{ }} filled in"""
        parts = []
        for literal, expression in re.findall(r"((?:(?!\$\{\{).)+)|\$\{\{ *([^}]+?) *\}\}", text, re.S):
            if literal:
                parts.append(shlex.quote(literal))
            elif expression.startswith("inputs."):
                parts.append(shlex.quote(inputs[expression[7:]]))
            else:
                step, name = re.fullmatch(r"steps\.(\w+)\.outputs\.([\w-]+)", expression).groups()
                parts.append(f'"$(sed -n s/^{name}=//p {shlex.quote(folder)}/outputs.{step} | tail -n 1)"')
        return "".join(parts) or "''"

    for number, step in enumerate(action["runs"]["steps"]):
        if "run" not in step:
            continue
        assert "${{" not in step["run"], "an expression in a script is an injection"
        with open(f"{folder}/{number}.sh", "w") as script:
            script.write(step["run"])
        with open(f"{folder}/{number}.env", "w") as variables:
            variables.write(f"step_id={step['id']}\nstep_folder={fill(step.get('working-directory', '.'))}\nstep_env=(\n")
            variables.writelines(f"  {name}={fill(value)}\n" for name, value in step.get("env", {}).items())
            variables.write(")\n")
    with open(f"{folder}/all.outputs", "w") as outputs:
        outputs.writelines(f"{name} {spec['value']}\n" for name, spec in action["outputs"].items())


def gitlab(path, job, folder):
    job = yaml.safe_load(open(path))[job]
    with open(f"{folder}/job.sh", "w") as script:
        script.write("set -eo pipefail\n" + "\n".join(job["script"]) + "\n")
    with open(f"{folder}/job.env", "w") as variables:
        # GitLab expands variables in variables
        variables.writelines(f'export {name}="{value}"\n' for name, value in job["variables"].items())
    with open(f"{folder}/job.cache", "w") as cache:
        cache.writelines(f"{path}\n" for path in job["cache"]["paths"])
    with open(f"{folder}/job.reports", "w") as reports:
        reports.writelines(f"{path}\n" for path in [*job["artifacts"]["reports"].values(), *job["artifacts"]["paths"]])


if sys.argv[2].startswith("."):
    gitlab(*sys.argv[1:])
else:
    github(sys.argv[1], sys.argv[2], sys.argv[3:])
