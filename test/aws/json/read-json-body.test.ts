import { describe, expect, it } from 'vitest';
import { readJsonBody } from '../../../src/aws/json/read-json-body.ts';
import { Fault } from '../../../src/model/fault.ts';

function refused(body: string | Uint8Array): string {
  try {
    readJsonBody(Buffer.from(body));
    return 'accepted';
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('the body of a request', () => {
  it('is an object, and an empty object when there is none', () => {
    expect(readJsonBody(Buffer.from('{"repositoryName":"ubuntu"}'))).toEqual({ repositoryName: 'ubuntu' });
    expect(readJsonBody(Buffer.from(' {} \n'))).toEqual({});
    expect(readJsonBody(new Uint8Array())).toEqual({});
  });

  it('is refused if it holds anything but an object', () => {
    for (const body of ['null', '[]', '"a"', '1', 'true', '[{}]']) {
      expect(refused(body)).toBe('MalformedRequest: The request body was refused: not a JSON object');
    }
  });

  it('is refused if it is not JSON', () => {
    for (const body of [
      ' ',
      '{',
      '{"a":1,}',
      "{'a':1}",
      '{"a":1}{}',
      '{"a":NaN}',
      '{"a":01}',
      '{a:1}',
      '"\u0000"',
      'null x',
    ]) {
      expect(refused(body), body).toBe('MalformedRequest: The request body was refused: not valid JSON');
    }
  });

  it('is refused if two parsers could read it differently', () => {
    expect(refused('{"repositoryName":"a","repositoryName":"b"}')).toBe(
      'MalformedRequest: The request body was refused: the name "repositoryName" stands twice in one object',
    );
    expect(refused('{"force":false,"\\u0066orce":true}')).toContain('stands twice');
    expect(refused(Buffer.from('7b2261223a22ff227d', 'hex'))).toContain('not valid UTF-8');
    expect(refused('\ufeff{}')).toContain('byte order mark');
  });

  it('is refused if it is nested deeper than any request is', () => {
    for (const depth of [65, 10_000, 1_000_000]) {
      expect(refused('{"a":'.repeat(depth))).toContain('nested deeper than 64 levels');
      expect(refused('['.repeat(depth))).toContain('nested deeper than 64 levels');
    }
  });

  it('is not quoted at length in its own refusal', () => {
    const name = 'n'.repeat(500_000);
    expect(refused(`{"${name}":1,"${name}":2}`).length).toBeLessThan(300);
  });
});
