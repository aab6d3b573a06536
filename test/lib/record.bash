# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Functions that evaluate records, which are lines of JSON. EXPRESSION is JavaScript, in which r is the record.

# record_value FILE EXPRESSION: prints the value of EXPRESSION for the last record in FILE
record_value() {
	tail -n1 -- "$1" | record_evaluate "$2"
}

# record_values FILE PHASE EXPRESSION: prints the values of EXPRESSION for all records of PHASE in FILE, one per line
record_values() {
	record_evaluate "$3" "$2" <"$1"
}

record_evaluate() {
	node -e '
		const [expression, phase] = process.argv.slice(1);
		for (const line of require("node:fs").readFileSync(0, "utf8").trim().split("\n")) {
			const r = JSON.parse(line);
			if (phase !== undefined && r.phase !== phase) continue;
			const value = eval(expression);
			console.log(typeof value === "object" ? JSON.stringify(value) : value);
		}
	' "$@"
}
