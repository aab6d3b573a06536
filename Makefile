# What a newcomer types first. The scripts behind it say more.
all:
	scripts/build

# Formatters, linters, analysers and the rules of the house.
check:
	test/check

# The checks and all tests.
test:
	test/run

.PHONY: all check test
