import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostNameOf, localHostCheck } from '../../src/http/host-check.ts';

describe('the host name of a Host header', () => {
  test.each([
    ['localhost', 'localhost'],
    ['LOCALHOST:4327', 'localhost'],
    ['localhost.:4327', 'localhost'],
    ['localhost:', 'localhost'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]', '::1'],
    ['[::1]:4327', '::1'],
    ['a_b.example', 'a_b.example'],
  ])('of %j is %j', (header, name) => {
    expect(hostNameOf(header)).toBe(name);
  });

  test.each([
    '',
    ' ',
    'a b',
    'a@b',
    'a/b',
    'localhost:x',
    'localhost:123456',
    'localhost:1:2',
    '::1',
    '[::1',
    '[::1]x',
    '[localhost]',
    '[1.2.3.4]',
    'é',
    'a,b',
    'a\\b',
    'a#b',
    '%6c',
  ])('of %j is none', (header) => {
    expect(hostNameOf(header)).toBeUndefined();
  });
});

const allowed = localHostCheck({
  domains: ['berth.example', '*.corp.example', '10.1.2.3'],
  listeningOn: '192.168.7.7',
});

describe('profile local', () => {
  test.each([
    'localhost',
    'a.localhost',
    'a.b.localhost',
    '127.0.0.1',
    '127.255.1.2',
    '::1',
    '000000000000.dkr.ecr.us-east-1.amazonaws.com',
    '111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com',
    '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn',
    '111122223333.dkr-ecr.us-east-1.on.aws',
    '111122223333.dkr.ecr.onprem-1.amazonaws.com',
    'ecr.us-east-1.amazonaws.com',
    'ecr-fips.us-east-1.amazonaws.com',
    'api.ecr.us-east-1.amazonaws.com',
    'api.ecr.cn-north-1.amazonaws.com.cn',
    'berth.example',
    'a.corp.example',
    'a.b.corp.example',
    '10.1.2.3',
    '192.168.7.7',
  ])('answers to %s', (host) => {
    expect(allowed(host)).toBe(true);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '.localhost.evil',
    '127.0.0.1.evil.example',
    '127.evil.example',
    '128.0.0.1',
    '0.0.0.0',
    '::2',
    '2130706433',
    '0x7f.1',
    '12345678901.dkr.ecr.us-east-1.amazonaws.com',
    '000000000000.dkr.ecr.us-east-1.amazonaws.com.evil.example',
    '000000000000.dkr.ecr.us-east-1.evil.com',
    'x000000000000.dkr.ecr.us-east-1.amazonaws.com',
    '000000000000.dkr.ecr.us.east.amazonaws.com',
    '000000000000.dkrxecr.us-east-1.amazonaws.com',
    'evil.us-east-1.amazonaws.com',
    'evil.s3.amazonaws.com',
    'apixecr.us-east-1.amazonaws.com',
    'a.berth.example',
    'corp.example',
    '.corp.example',
    'xcorp.example',
    '10.1.2.4',
  ])('does not answer to %s', (host) => {
    expect(allowed(host)).toBe(false);
  });

  test('does not answer to a wildcard address that it listens on', () => {
    expect(localHostCheck({ domains: [], listeningOn: '0.0.0.0' })('evil.example')).toBe(false);
    expect(localHostCheck({ domains: [], listeningOn: 'some.name' })('some.name')).toBe(false);
  });

  test('answers to no registrable name that somebody else could own, whatever its labels', () => {
    const label = fc.constantFrom(
      'localhost',
      '127',
      '0',
      '1',
      'ecr',
      'dkr',
      'api',
      'amazonaws',
      'com',
      '000000000000',
      'us-east-1',
      'on',
      'aws',
    );
    fc.assert(
      fc.property(fc.array(label, { maxLength: 7 }), (labels) => {
        expect(allowed([...labels, 'evil', 'example'].join('.'))).toBe(false);
      }),
    );
  });
});
