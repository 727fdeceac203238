#!/usr/local/bin/node
// Stands in for the simulator's fake vllm until that is bundled: writes down its arguments and serves /health.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const words = process.argv.slice(2);
appendFileSync('/sim/argv.log', `${JSON.stringify(words)}\n`);
const after = (flag, fallback) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : fallback);
if (!words.includes('--headless')) {
  createServer((request, response) => response.writeHead(request.url === '/health' ? 200 : 404).end()).listen(
    Number(after('--port', '8000')),
    '0.0.0.0',
  );
}
setInterval(() => {}, 1000);
