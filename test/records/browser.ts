// SPDX-License-Identifier: GPL-2.0-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** A page in Chromium, controlled over a pipe (--remote-debugging-pipe): each message is JSON followed by a NUL byte. */
export interface Browser {
	/** Loads a file in a window of this width in pixels. */
	open(file: string, view: { width: number; dark: boolean }): Promise<void>;
	evaluate(expression: string): Promise<unknown>;
	/** Returns a PNG image of the whole page. */
	picture(): Promise<Buffer>;
	/** Returns the URLs that the page has loaded. */
	readonly addresses: string[];
	/** Returns the errors and warnings of the console and the HTML parser. */
	readonly errors: string[];
	close(): Promise<void>;
}

interface Message {
	readonly id?: number;
	readonly method?: string;
	readonly params?: Record<string, unknown>;
	readonly result?: Record<string, unknown>;
	readonly error?: { readonly message: string };
}

export async function openBrowser(): Promise<Browser> {
	const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
	const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
	const child = spawn('chromium', [...options, `--user-data-dir=${profile}`, '--remote-debugging-pipe'], {
		stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
	});
	const addresses: string[] = [];
	const errors: string[] = [];
	const loaded = { notify: (): void => undefined };
	const send = connect(child, ({ method, params }) => {
		if (method === 'Network.requestWillBeSent') addresses.push((params?.['request'] as { url: string }).url);
		if (method === 'Log.entryAdded') errors.push((params?.['entry'] as { text: string }).text);
		if (method === 'Runtime.exceptionThrown') errors.push(JSON.stringify(params));
		if (method === 'Page.loadEventFired') loaded.notify();
	});
	const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
	const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
	const page = (method: string, params: object = {}) => send(method, params, String(sessionId));
	for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await page(`${domain}.enable`);

	const evaluate = async (expression: string): Promise<unknown> => {
		const { result } = await page('Runtime.evaluate', { expression, returnByValue: true });
		return (result as { value: unknown }).value;
	};
	return {
		addresses,
		errors,
		evaluate,
		async open(file, { width, dark }) {
			await page('Emulation.setDeviceMetricsOverride', {
				width,
				height: 800,
				deviceScaleFactor: 1,
				mobile: width < 600,
			});
			const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
			await page('Emulation.setEmulatedMedia', { features });
			const done = new Promise<void>((resolve) => (loaded.notify = resolve));
			await page('Page.navigate', { url: `file://${file}` });
			await done;
		},
		async picture() {
			const { data } = await page('Page.captureScreenshot', { captureBeyondViewport: true });
			return Buffer.from(String(data), 'base64');
		},
		async close() {
			const gone = new Promise((resolve) => child.once('exit', resolve));
			await send('Browser.close').catch(() => undefined);
			await gone;
			rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
		},
	};
}

function connect(child: ChildProcess, onEvent: (message: Message) => void) {
	const [, , , to, from] = child.stdio as [null, null, null, Writable, Readable];
	const waiting = new Map<number, (message: Message) => void>();
	let last = 0;
	let rest = '';
	const fail = (why: string) => {
		for (const answer of waiting.values()) answer({ error: { message: why } });
		waiting.clear();
	};
	child.on('error', (error) => {
		fail(`cannot start chromium: ${error.message}`);
	});
	child.on('exit', () => {
		fail('chromium has ended');
	});
	to.on('error', () => undefined);
	from.setEncoding('utf8').on('data', (text: string) => {
		const messages = (rest + text).split('\0');
		rest = messages.pop() ?? '';
		for (const message of messages.map((one) => JSON.parse(one) as Message)) {
			if (message.id === undefined) onEvent(message);
			else waiting.get(message.id)?.(message);
		}
	});
	return (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> =>
		new Promise((resolve, reject) => {
			const id = ++last;
			waiting.set(id, ({ result, error }) => {
				waiting.delete(id);
				if (error !== undefined) reject(new Error(`${method}: ${error.message}`));
				else resolve(result ?? {});
			});
			to.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
		});
}
