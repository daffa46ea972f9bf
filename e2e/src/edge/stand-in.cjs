// In place of a service behind the edge: says who it is and what it was asked. Runs in a container, with nothing but Node.
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');

const { NAME, REPLICA, PORT, FRAGILE } = process.env;

const told = ({ method, url, headers }) => ({ service: NAME, replica: REPLICA, method, url, headers });

const answer = (response, status, body) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  // As if killed with the request under way.
  if (FRAGILE && request.url.startsWith('/v2/fragile')) return request.socket.destroy();
  const wanted = /^\/v2\/status\/(\d+)/.exec(request.url);
  if (wanted) return answer(response, Number(wanted[1]), { words: 'of the service itself' });
  let bytes = 0;
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => answer(response, 200, { ...told(request), bytes }));
});

const frame = (text) => {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 255]), payload]);
};

server.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}`,
  ];
  socket.on('error', () => undefined);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(frame(JSON.stringify(told(request))));
  socket.on('data', () => socket.write(frame('heard')));
});

server.listen(Number(PORT));
