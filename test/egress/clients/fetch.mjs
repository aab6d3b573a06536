// Fetches a page: fetch.mjs URL
import { argv, stdout } from 'node:process';

const answer = await globalThis.fetch(argv[2]);
stdout.write(await answer.text());
