import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startCutProxy } from './cut-proxy.ts';

/** A server that keeps what it hears, and its network. */
async function startEar() {
  const heard: string[] = [];
  const ends: string[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const server = createServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
    socket.on('end', () => ends.push('end'));
    socket.on('close', wake);
    socket.on('data', (bytes) => {
      heard.push(bytes.toString());
      socket.write(`heard ${bytes}`);
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const network = await startCutProxy((server.address() as AddressInfo).port);
  return {
    network,
    heard,
    ends,
    next: () => new Promise<void>((resolve) => waiting.push(resolve)),
    [Symbol.asyncDispose]: async () => {
      await network[Symbol.asyncDispose]();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  // Whoever wants to hear of it waits for it.
  socket.on('error', () => undefined);
  return socket;
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
}

test('What is sent through a network that is whole arrives, in both directions, and so does an end', async () => {
  await using ear = await startEar();
  const socket = await connectTo(ear.network.port);
  expect(await ask(socket, 'one')).toBe('heard one');
  expect(await ask(socket, 'two')).toBe('heard two');
  const over = ear.next();
  socket.end();
  await over;
  expect(ear.ends).toEqual(['end']);
});

test('A network that is cut with a reset breaks what is open and what comes, until it is whole', async () => {
  await using ear = await startEar();
  const socket = await connectTo(ear.network.port);
  await ask(socket, 'one');
  const broken = once(socket, 'error');
  ear.network.cut('reset');
  expect(((await broken)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  const second = connect({ port: ear.network.port, host: '127.0.0.1' });
  expect(((await once(second, 'error'))[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  ear.network.heal();
  expect(await ask(await connectTo(ear.network.port), 'two')).toBe('heard two');
  expect(ear.heard).toEqual(['one', 'two']);
});

test('What is sent through a silent network arrives when it is whole again, also from who has given up', async () => {
  await using ear = await startEar();
  const [old, impatient] = [await connectTo(ear.network.port), await connectTo(ear.network.port)];
  await ask(old, 'one');
  await ask(impatient, 'two');
  ear.network.cut('silence');
  const late = ask(old, 'three');
  impatient.end('four');
  const fresh = await connectTo(ear.network.port);
  const later = ask(fresh, 'five');
  // A whole network beside it has long brought an answer.
  await using other = await startEar();
  await ask(await connectTo(other.network.port), 'meanwhile');
  expect(ear.heard).toEqual(['one', 'two']);

  ear.network.heal();
  expect([await late, await later]).toEqual(['heard three', 'heard five']);
  while (!ear.heard.includes('four')) await ear.next();
  expect(ear.heard.toSorted()).toEqual(['five', 'four', 'one', 'three', 'two']);
});

test('What a silent network held is lost when the connection breaks', async () => {
  await using ear = await startEar();
  const socket = await connectTo(ear.network.port);
  await ask(socket, 'one');
  ear.network.cut('silence');
  socket.write('two');
  const broken = once(socket, 'error');
  ear.network.heal('break');
  await broken;
  expect(await ask(await connectTo(ear.network.port), 'three')).toBe('heard three');
  expect(ear.heard).toEqual(['one', 'three']);
});

test('Somebody who waits for something acts before it arrives', async () => {
  await using ear = await startEar();
  const socket = await connectTo(ear.network.port);
  const seen: string[][] = [];
  const caught = ear.network.catchNext(/^POST .*\?delete/, () => {
    seen.push([...ear.heard]);
    ear.network.cut('silence');
  });
  await ask(socket, 'GET /');
  socket.write('POST /bucket?delete');
  await caught;
  expect(seen).toEqual([['GET /']]);
  const heard = once(socket, 'data');
  ear.network.heal();
  expect(String((await heard)[0])).toBe('heard POST /bucket?delete');
});
