// Fetches a page: fetch.mjs URL
process.stdout.write(await (await fetch(process.argv[2])).text());
