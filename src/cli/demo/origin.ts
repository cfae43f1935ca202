import { createServer, type Server } from 'node:http';

/** A small HTTP server to balance over: says its name, counts its requests, answers checks on /health. Resolves once it listens. */
export function startOrigin(name: string, port: number): Promise<Server> {
  let requests = 0;
  const server = createServer((request, response) => {
    if (request.url === '/health') {
      response.end('ok\n');
      return;
    }
    requests += 1;
    response.setHeader('content-type', 'text/plain');
    response.end(`${name}: request ${requests}, ${request.method} ${request.url}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server));
  });
}
