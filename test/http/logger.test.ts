import { expect, test } from 'vitest';
import { createLogger } from '../../src/http/logger.ts';

function logging(format: 'json' | 'text', level: 'info' | 'silent' = 'info') {
  let text = '';
  const write = (line: string) => {
    text += line;
  };
  const logger = createLogger({ level, format }, { write });
  return { logger, text: () => text };
}

test('a JSON line has its level by name, an ISO time, the message and the fields', () => {
  const { logger, text } = logging('json');
  logger.info({ repository: 'app' }, 'pushed');
  expect(JSON.parse(text())).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    repository: 'app',
    msg: 'pushed',
  });
});

test('lines below the level are left out, and silent leaves out all', () => {
  const info = logging('json');
  info.logger.debug('x');
  expect(info.text()).toBe('');
  const silent = logging('text', 'silent');
  silent.logger.fatal('x');
  expect(silent.text()).toBe('');
});

test.each(['json', 'text'] as const)('secrets stay out of %s lines though somebody logs them', (format) => {
  const { logger, text } = logging(format);
  logger.info({ authorization: 'hush', password: 'hush', secretAccessKey: 'hush', token: 'hush' });
  logger.info({ headers: { authorization: 'hush' }, rawHeaders: ['hush'] });
  logger.child({ requestId: 'id-1' }).info({ headers: { cookie: 'hush' } });
  logger.info({ req: { method: 'GET', url: '/x?X-Amz-Signature=hush', headers: { cookie: 'hush' } } });
  expect(text()).not.toContain('hush');
  expect(text()).toContain('/x');
});

const TIME = String.raw`\d{4}-\S+Z`;

test('a text line has time, level, message and fields, quoted where they need it, the request id last', () => {
  const { logger, text } = logging('text');
  logger.child({ requestId: 'id-1' }).warn({ a: 1, b: 'x y', c: { d: [true] }, e: '' }, 'careful');
  expect(text()).toMatch(new RegExp(`^${TIME} warn  careful a=1 b="x y" c={"d":\\[true\\]} e="" requestId=id-1\\n$`));
});

test('a text line of a request says method, path and status once', () => {
  const { logger, text } = logging('text');
  logger.info({ method: 'GET', path: '/v2/', status: 401, ms: 0.3 }, 'GET /v2/ 401');
  expect(text()).toMatch(new RegExp(`^${TIME} info  GET /v2/ 401 ms=0.3\\n$`));
});

test('the stack of an error stands below its line', () => {
  const { logger, text } = logging('text');
  logger.error({ err: new RangeError('too far') }, 'unexpected error');
  const lines = text().split('\n');
  expect(lines[0]).toMatch(/ error unexpected error$/);
  expect(lines[1]).toBe('    RangeError: too far');
  expect(lines[2]).toMatch(/^ {8}at /);
});

test('what libraries hang onto an error stays out, and what says why stays in', () => {
  const { logger, text } = logging('json');
  const cause = Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET', client: { password: 'hush' } });
  const err = Object.assign(new Error('it broke', { cause }), {
    code: '57P01',
    fatal: true,
    client: { secretKey: 'hush', connection: {} },
    $response: { headers: { authorization: 'hush' } },
    errors: [Object.assign(new Error('one of them'), { request: { headers: ['hush'] } })],
  });
  logger.warn({ err }, 'x');
  expect(text()).not.toContain('hush');
  expect(JSON.parse(text())).toMatchObject({
    err: {
      type: 'Error',
      message: 'it broke: ECONNRESET',
      code: '57P01',
      fatal: true,
      stack: expect.stringContaining('caused by: Error: ECONNRESET'),
      aggregateErrors: [{ message: 'one of them' }],
    },
  });
});

test('no text can forge a line or talk to the terminal', () => {
  const { logger, text } = logging('text');
  logger.info({ path: '/\u001b[2J\u202e', a: 'x\r\ny' }, 'one\ntwo\u0007\u2028three');
  logger.error({ err: { message: 'a\u001b]0;b' } }, 'x');
  expect(text().split('\n')).toHaveLength(4);
  expect(text().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
  expect(text()).toContain('one\\u000atwo\\u0007\\u2028three');
});
