import aws4 from 'aws4';
import { describe, expect, test } from 'vitest';
import { basicFormat, headerOf, onTheWire, type WireRequest, withHeader, withLine, withoutHeader } from './signers.ts';
import {
  call,
  KEY,
  NOW,
  refusalOf,
  STAMP,
  signedCall,
  strict,
  trusting,
  verify,
  WRONG_SIGNATURE,
} from './verifying.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const withScope = (request: WireRequest, from: string, to: string) =>
  withHeader(request, 'authorization', (value) => value.replace(from, to));

/** A call that carries `Date` and no `X-Amz-Date`, as aws4 signs it when told to leave the headers alone. */
function signedByDate(date: string, extraHeadersToIgnore: Readonly<Record<string, boolean>> = {}): WireRequest {
  const { headers, body, method } = call('ListImages');
  const signed = aws4.sign(
    {
      service: 'ecr',
      region: 'us-east-1',
      method,
      path: '/',
      headers: { ...headers, Date: date },
      body,
      doNotModifyHeaders: true,
      extraHeadersToIgnore,
    },
    { accessKeyId: KEY.id, secretAccessKey: KEY.secret },
  );
  return { method, target: '/', headers: onTheWire(signed.headers), body };
}

describe('SIG-13 the scope', () => {
  test.each(['us-east-1', 'onprem-1', 'x', 'eu-isoe-west-1', 'a'.repeat(63), '1'])(
    'the region %s is accepted and is the caller’s',
    async (region) => {
      expect(verify(await signedCall('ListImages', { region })).region).toBe(region);
    },
  );

  test.each(['US-EAST-1', 'a.b', 'a_b', '-a', 'a-', 'a'.repeat(64), 'é', '*', 'a b'])(
    'the region %j is refused',
    async (region) => {
      const request = withScope(await signedCall(), '/us-east-1/', `/${region}/`);
      expect(['InvalidSignature', 'IncompleteSignature']).toContain(refusalOf(request).code);
      expect(['InvalidSignature', 'IncompleteSignature']).toContain(refusalOf(request, trusting()).code);
    },
  );

  test('a region that is no DNS label has AWS’s sentence', async () => {
    expect(refusalOf(await signedCall('ListImages', { region: 'us_east' }))).toEqual({
      code: 'InvalidSignature',
      message: 'Credential should be scoped to a valid region. ',
      when: 'head',
    });
  });

  test('an empty region is the default region where unknown keys are trusted, and refused where they are not', async () => {
    const request = await signedCall('GetAuthorizationToken', { region: '' });
    expect(headerOf(request, 'authorization')).toContain('/20261123//ecr/aws4_request');
    expect(refusalOf(request).message).toBe('Credential should be scoped to a valid region. ');
    const caller = verify(request, trusting({ defaultRegion: 'eu-west-1' }));
    expect(caller).toMatchObject({ region: 'eu-west-1', trust: 'verified' });
    const stranger = await signedCall('GetAuthorizationToken', { region: '', key: { ...KEY, id: 'test' } });
    expect(verify(stranger, trusting({ defaultRegion: 'eu-west-1' }))).toMatchObject({
      region: 'eu-west-1',
      trust: 'on-trust',
    });
  });

  test.each(['ecr-public', 's3', 'sts', 'ECR', 'ecr2', 's3tables'])(
    'the service %s is refused, although it is signed',
    async (service) => {
      const request = await signedCall('ListImages', { service });
      const refusal = {
        code: 'InvalidSignature',
        message: "Credential should be scoped to correct service: 'ecr'. ",
        when: 'head',
      };
      expect(refusalOf(request)).toEqual(refusal);
      expect(refusalOf(request, trusting())).toEqual(refusal);
      expect(verify(request, strict({ service })).trust).toBe('verified');
    },
  );

  test.each(['aws5_request', 'AWS4_REQUEST', 'aws4_request_', ''])(
    'the terminator %j is refused',
    async (terminator) => {
      expect(refusalOf(withScope(await signedCall(), 'aws4_request', terminator))).toEqual({
        code: 'InvalidSignature',
        message: "Credential should be scoped with a valid terminator: 'aws4_request'. ",
        when: 'head',
      });
    },
  );

  test('a day that is not the day of the date is refused without tolerance, at midnight too', async () => {
    const midnight = Date.UTC(2026, 10, 24);
    const request = await signedCall('ListImages', { at: midnight - SECOND });
    const clock = { now: () => midnight + SECOND };
    expect(verify(request, strict({ clock })).trust).toBe('verified');
    expect(refusalOf(withScope(request, '/20261123/', '/20261124/'), strict({ clock }))).toEqual({
      code: 'InvalidSignature',
      message:
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261124' != '20261123', from '20261123T235959Z'. ",
      when: 'head',
    });
  });

  test('all that is wrong with a scope is said at once', async () => {
    const request = withScope(await signedCall(), '20261123/us-east-1/ecr/aws4_request', '1/-/s3/x');
    expect(refusalOf(request).message).toBe(
      "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'ecr'. Credential should be scoped with a valid terminator: 'aws4_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '1' != '20261123', from '20261123T120000Z'. ",
    );
  });
});

describe('SIG-13 the form of the date', () => {
  test.each([
    '20150230T123600Z',
    '20261131T120000Z',
    '20261323T120000Z',
    '20261123T240000Z',
    '20261123T120060Z',
    '00001123T120000Z',
    '00501123T120000Z',
    '20261123t120000z',
    '20261123T120000z',
    '20261123T120000.000Z',
    '20261123T120000',
    '20261123T120000+0000',
    '2026-11-23T12:00:00Z',
    '20261123',
    '1795435200',
    '',
    ' 20261123T120000Z',
    '２０２６1123T120000Z',
    'Mon, 23 Nov 2026 12:00:00 GMT',
  ])('an X-Amz-Date of %j is IncompleteSignature', async (text) => {
    const refusal = refusalOf(withHeader(await signedCall(), 'x-amz-date', () => text));
    expect(refusal).toMatchObject({ code: 'IncompleteSignature', when: 'head' });
    expect(refusal.message).toBe(`Date must be in ISO-8601 'basic format'. Got '${text}'.`);
  });

  test('a long date is not repeated whole', async () => {
    const refusal = refusalOf(withHeader(await signedCall(), 'x-amz-date', () => 'x'.repeat(5000)));
    expect(refusal.message).toBe(`Date must be in ISO-8601 'basic format'. Got '${'x'.repeat(40)}'.`);
  });

  test('the year 9999 is a date, and not yet current', async () => {
    const request = withScope(await signedCall(), '/20261123/', '/99991231/');
    expect(refusalOf(withHeader(request, 'x-amz-date', () => '99991231T235959Z')).message).toMatch(
      /^Signature not yet current/,
    );
  });
});

describe('SIG-14 fifteen minutes, both ways', () => {
  const at = (now: number) => strict({ clock: { now: () => now } });

  test.each([-15 * MINUTE, -15 * MINUTE + SECOND, 0, 15 * MINUTE - SECOND, 15 * MINUTE])(
    '%d ms off is accepted',
    async (offset) => {
      expect(verify(await signedCall('ListImages', { at: NOW + offset })).trust).toBe('verified');
    },
  );

  test('one second more in the past is refused with ECR’s sentence', async () => {
    expect(refusalOf(await signedCall('ListImages', { at: NOW - 15 * MINUTE - SECOND }))).toEqual({
      code: 'InvalidSignature',
      message: 'Signature expired: 20261123T114459Z is now earlier than 20261123T114500Z (20261123T120000Z - 15 min.)',
      when: 'head',
    });
  });

  test('one second more in the future is refused with ECR’s sentence', async () => {
    expect(refusalOf(await signedCall('ListImages', { at: NOW + 15 * MINUTE + SECOND }))).toEqual({
      code: 'InvalidSignature',
      message:
        'Signature not yet current: 20261123T121501Z is still later than 20261123T121500Z (20261123T120000Z + 15 min.)',
      when: 'head',
    });
  });

  test('the milliseconds of our clock do not count, as the sentence shows none', async () => {
    const request = await signedCall('ListImages', { at: NOW - 15 * MINUTE });
    expect(verify(request, at(NOW + 999)).trust).toBe('verified');
    expect(refusalOf(request, at(NOW + 1000)).message).toMatch(/^Signature expired/);
  });

  test('the clock is asked for each request, so a step of it counts at once', async () => {
    const request = await signedCall();
    let now = NOW;
    const options = strict({ clock: { now: () => now } });
    expect(verify(request, options).trust).toBe('verified');
    now += 60 * MINUTE;
    expect(refusalOf(request, options).message).toMatch(/^Signature expired/);
    now -= 120 * MINUTE;
    expect(refusalOf(request, options).message).toMatch(/^Signature not yet current/);
    now = NOW;
    expect(verify(request, options).trust).toBe('verified');
  });

  test('the window holds for keys that are taken on trust as well', async () => {
    const key = { ...KEY, id: 'test' };
    const late = await signedCall('ListImages', { key, at: NOW - 15 * MINUTE - SECOND });
    expect(refusalOf(late, trusting()).message).toMatch(/^Signature expired/);
  });
});

describe('SIG-15 where the date is read', () => {
  test('X-Amz-Date wins over Date', async () => {
    const request = await signedCall();
    expect(headerOf(request, 'x-amz-date')).toBe(STAMP);
    expect(verify(withLine(request, 'Date', 'Thu, 01 Jan 1970 00:00:00 GMT', 'first')).trust).toBe('verified');
    expect(verify(withLine(request, 'Date', 'yesterday', 'last')).trust).toBe('verified');
  });

  test('Date is read where there is no X-Amz-Date, in the basic format and in the format of HTTP', () => {
    expect(verify(signedByDate(new Date(NOW).toUTCString())).trust).toBe('verified');
    const { code } = refusalOf(signedByDate(new Date(NOW - 16 * MINUTE).toUTCString()));
    expect(code).toBe('InvalidSignature');
  });

  test.each([
    'Tue, 23 Nov 2026 12:00:00 GMT',
    'Mon, 23 Nov 2026 12:00:00 UTC',
    'Monday, 23-Nov-26 12:00:00 GMT',
    'Mon, 31 Nov 2026 12:00:00 GMT',
    '2026-11-23',
  ])('a Date of %j is IncompleteSignature', (date) => {
    const request = withHeader(signedByDate(new Date(NOW).toUTCString()), 'date', () => date);
    expect(refusalOf(request).code).toBe('IncompleteSignature');
  });

  test('a Date in the basic format is read, and is bound by the string to sign where it is no signed header', () => {
    const request = signedByDate(new Date(NOW).toUTCString(), { date: true });
    expect(headerOf(request, 'authorization')).toContain('SignedHeaders=content-type;host;x-amz-target,');
    expect(verify(request).trust).toBe('verified');
    expect(verify(withHeader(request, 'date', () => STAMP)).trust).toBe('verified');
    expect(refusalOf(withHeader(request, 'date', () => basicFormat(NOW + SECOND))).message).toBe(WRONG_SIGNATURE);
  });

  test('no date at all is IncompleteSignature', async () => {
    expect(refusalOf(withoutHeader(await signedCall(), 'x-amz-date'))).toEqual({
      code: 'IncompleteSignature',
      message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
      when: 'head',
    });
  });

  test.each(['first', 'last'] as const)(
    'a second X-Amz-Date that comes %s is InvalidSignature, even an equal one',
    async (where) => {
      expect(refusalOf(withLine(await signedCall(), 'X-AMZ-DATE', STAMP, where))).toMatchObject({
        code: 'InvalidSignature',
        message: "The header 'x-amz-date' must appear exactly once in the request",
      });
    },
  );

  test('a second Date is InvalidSignature where it is the date that counts, signed or not', () => {
    const date = new Date(NOW).toUTCString();
    for (const request of [signedByDate(date), signedByDate(date, { date: true })]) {
      for (const where of ['first', 'last'] as const) {
        expect(refusalOf(withLine(request, 'date', date, where))).toEqual({
          code: 'InvalidSignature',
          message: "The header 'date' must appear exactly once in the request",
          when: 'head',
        });
      }
    }
  });
});
