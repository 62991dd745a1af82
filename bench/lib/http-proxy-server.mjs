// The peer: http-proxy-3 with kept upstream connections. Arguments: port, upstream port.
import http from 'node:http';
import httpProxy from 'http-proxy-3';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent });
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response) response.writeHead(502);
  response.end();
});
http.createServer((request, response) => proxy.web(request, response)).listen(port, '127.0.0.1');
