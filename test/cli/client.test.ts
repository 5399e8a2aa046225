import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { linesOf } from '../../src/cli/client/lines-of.ts';
import { serveThisFile } from '../admin/support/admin-server.ts';
import { run } from './fake-terminal.ts';
import { berthOn } from './support/berth.ts';
import { otherServer } from './support/other-server.ts';

const berth = berthOn(await serveThisFile());
const USAGE = ['usage', '--repository', 'team/app'];

describe('a command whose server', () => {
  test('is not there says in one line what to do', async () => {
    const gone = await otherServer(() => {});
    await gone[Symbol.asyncDispose]();
    const { code, out, err } = await run(USAGE, { env: gone.env });
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      `error: No server answers at ${gone.endpoint} (ECONNREFUSED): start one with 'berth serve', or name another with --endpoint or BERTH_ENDPOINT.\n`,
    );
  });

  test.each([
    [200, '<html>Welcome</html>'],
    [404, 'not found'],
    [403, '<Error><Code>AccessDenied</Code></Error>'],
    [200, '"fine"'],
  ])('is another one (%d %s) says so', async (status, body) => {
    await using other = await otherServer((_, response) => response.writeHead(status).end(body));
    const { code, err } = await run(USAGE, { env: other.env });
    expect(code).toBe(1);
    expect(err).toContain(`What answers at ${other.endpoint} does not speak like Berth (HTTP ${status}).`);
    expect(err).toContain('--endpoint');
  });

  test('knows other keys says where the keys came from', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'wrong' };
    const { code, err } = await berth.run(USAGE, { env: keys });
    expect(code).toBe(1);
    expect(err).toMatch(/^error: The request signature we calculated does not match/);
    expect(err).toContain('AWS_ACCESS_KEY_ID');
    expect(err).not.toContain('    at ');
  });

  test('does not answer to the name says how it is told to', async () => {
    const refusal = '{"__type":"HostNotAllowed","message":"Start it with --domain x","errors":[],"requestId":"1"}';
    await using other = await otherServer((_, response) => response.writeHead(403).end(refusal));
    const { code, err } = await run(USAGE, { env: other.env });
    expect([code, err]).toEqual([1, 'error: Start it with --domain x\n']);
  });

  test('fails is told with the id under which its log says more', async () => {
    const refusal = '{"code":"InternalError","message":"more under request id 7","requestId":"7"}';
    await using other = await otherServer((_, response) => response.writeHead(500).end(refusal));
    const { err } = await run(USAGE, { env: other.env });
    expect(err).toBe(`error: more under request id 7 (${other.endpoint})\n`);
  });

  test('says something to the terminal is quoted, not obeyed', async () => {
    const refusal = JSON.stringify({ code: 'X', message: 'a\u001b[2Jb' });
    await using other = await otherServer((_, response) => response.writeHead(400).end(refusal));
    expect((await run(USAGE, { env: other.env })).err).toBe('error: a\\u001b[2Jb\n');
  });
});

describe('an answer in lines', () => {
  test.each([
    ['without its total', '{"kind":"finding","problem":"p","subject":"s","detail":"d","repaired":false}\n'],
    ['in the middle of a line', '{"kind":"total","checked":{},"findings":0,'],
    ['with what is no JSON', 'oops\n'],
    ['before it began', ''],
  ])('that ends %s is not taken for a whole one', async (_, body) => {
    await using other = await otherServer((_request, response) => response.writeHead(200).end(body));
    const { code, err } = await run(['fsck'], { env: other.env });
    expect(code).toBe(1);
    expect(err).toBe(`error: The connection to ${other.endpoint} ended before the answer did.\n`);
  });

  test('whose connection breaks is not taken for a whole one either', async () => {
    await using other = await otherServer((_, response) => {
      response.writeHead(200);
      response.write('{"kind":"finding","problem":"p","subject":"s","detail":"d","repaired":false}\n');
      setImmediate(() => response.destroy());
    });
    const { code, err } = await run(['fsck', '--json'], { env: other.env });
    expect(code).toBe(1);
    expect(err).toMatch(/^error: The connection to .* ended before the answer did\.\n$/);
  });

  test('that ends with an error is that error', async () => {
    const line = '{"kind":"error","code":"InternalError","message":"its log says more under request id 7"}\n';
    await using other = await otherServer((_, response) => response.writeHead(200).end(line));
    const { code, out, err } = await run(['fsck'], { env: other.env });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('request id 7');
  });

  test('comes out the same however it is cut into chunks', async () => {
    const bytes = Buffer.from('{"a":"é€😀"}\n\n{"b":[1,2]}\n');
    for (let size = 1; size <= bytes.length; size += 1) {
      const found: unknown[] = [];
      for await (const document of linesOf(chunksOf(bytes, size))) found.push(document);
      expect(found).toEqual([{ a: 'é€😀' }, { b: [1, 2] }]);
    }
  });

  test('that has a line without an end is given up', async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(1024 * 1024, 'x');
    }
    await expect(linesOf(endless()).next()).rejects.toThrow('a line without an end');
  });
});

test('a program that prints to somebody who has had enough ends quietly', async () => {
  const finding = '{"kind":"finding","problem":"p","subject":"s","detail":"d","repaired":false}\n';
  await using other = await otherServer((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(finding.repeat(1000)));
    };
    response.on('drain', more);
    more();
  });
  const program = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));
  const child = spawn(process.execPath, [program, 'fsck', '--json'], { env: { HOME: '/nowhere', ...other.env } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([141, '']);
});

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
