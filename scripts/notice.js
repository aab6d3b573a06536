// SPDX-License-Identifier: GPL-2.0-or-later
// Writes dist/NOTICE: name, version, license and license text of each npm package in the bundle.
// METAFILE is the file in which esbuild has listed the inputs of the bundle. With --list, `notice.js METAFILE --list` writes no file and
// prints NAME-VERSION LICENSE of each package.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { argv, stdout } from 'node:process';

const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const folders = Object.keys(json(argv[2]).inputs).flatMap(
	(input) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
);
const packages = [...new Set(folders)].sort();

function notice(folder) {
	const { name, version, license } = json(`${folder}/package.json`);
	const texts = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
	if (!texts.length) throw new Error(`${folder} has no license file`);
	return [`${name} ${version} (${license})`, ...texts.map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim())];
}

if (argv[3] === '--list') {
	for (const { name, version, license } of packages.map((folder) => json(`${folder}/package.json`)))
		stdout.write(`${name}-${version} ${license}\n`);
} else {
	const head = 'portcullis.js contains code of these npm packages:';
	writeFileSync('dist/NOTICE', [head, ...packages.flatMap(notice)].join('\n\n') + '\n');
}
