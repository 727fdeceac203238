// Stands in for docker-proxy: listens on a port as long as a file says that a container publishes it.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';

const [folder, port] = process.argv.slice(2);
process.title = 'docker-proxy';
const server = createServer((request, response) => response.writeHead(request.url === '/v1/health/ready' ? 200 : 404).end());
setInterval(() => {
  const wanted = existsSync(`${folder}/listen.${port}`);
  if (wanted && !server.listening) server.listen(Number(port), '127.0.0.1');
  else if (!wanted && server.listening) {
    server.close();
    server.closeAllConnections();
  }
}, 10);
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write('ready\n');
