# shellcheck shell=bash
# The values of records, which are lines of JSON. EXPRESSION is JavaScript, in which r is the record; objects are printed as JSON.

# record_value FILE EXPRESSION: the value for the last line of the file
record_value() {
	tail -n1 -- "$1" | record_evaluate "$2"
}

# record_values FILE PHASE EXPRESSION: the values for all records of that phase, one per line
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
