# SPDX-License-Identifier: GPL-2.0-or-later
# Shortcuts for the scripts, which have more options.
all:
	scripts/build

# Formatters, linters, analyzers and the rules of the house.
check:
	test/check

# All checks and all tests.
test:
	test/run

.PHONY: all check test
