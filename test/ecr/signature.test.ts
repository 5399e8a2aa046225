import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CONTENT_TYPE, KNOWN_KEY, serveThisFile, TARGET_PREFIX } from './support/ecr-server.ts';
import { refusalIn } from './support/refusals.ts';
import { freshRepository, imageNamed } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

describe('the encoding of the body', () => {
  it.each(['gzip', 'aws-chunked', 'br'])('cannot be %s', async (encoding) => {
    const answer = await server.call('DescribeRepositories', gzipSync('{}'), {
      headers: { 'content-encoding': encoding },
    });
    expect(refusalIn(answer).__type).toBe('InvalidSignatureException');
  });

  it.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'])(
    'cannot be declared %s',
    async (hash) => {
      const answer = await server.call('DescribeRepositories', '{}', { headers: { 'x-amz-content-sha256': hash } });
      expect(refusalIn(answer).__type).toBe('InvalidSignatureException');
    },
  );
});

describe('what is signed', () => {
  it('must be signed at all', async () => {
    const headers = [
      ['host', server.host],
      ['content-type', CONTENT_TYPE],
      ['x-amz-target', `${TARGET_PREFIX}DescribeRepositories`],
      ['content-length', '2'],
    ] as const;
    const answer = await server.send({ method: 'POST', target: '/', headers, body: Buffer.from('{}') });
    expect(refusalIn(answer)).toEqual({
      __type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    });
  });

  it.each([
    ['test', 'wrong'],
    [KNOWN_KEY.id, 'wrong'],
    ['test', ''],
  ])('must be signed with the secret of a known key: %s, not %j', async (accessKeyId, secretAccessKey) => {
    const answer = await server.call('DescribeRepositories', '{}', { accessKeyId, secretAccessKey });
    expect(refusalIn(answer)).toEqual({
      __type: 'InvalidSignatureException',
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    });
  });

  it('is taken on trust for a key that nobody knows, in this profile', async () => {
    const answer = await server.call('DescribeRepositories', '{}', {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'whatever',
    });
    expect(answer.status).toBe(200);
  });

  it('must be signed for ecr', async () => {
    const answer = await server.call('DescribeRepositories', '{}', { service: 's3' });
    expect(refusalIn(answer)).toEqual({
      __type: 'InvalidSignatureException',
      message: "Credential should be scoped to correct service: 'ecr'. ",
    });
  });

  it('must have been signed within 15 minutes, either way', async () => {
    const signed = await server.sign('{}', { headers: { 'x-amz-target': `${TARGET_PREFIX}DescribeRepositories` } });
    const at = server.clock.now();
    try {
      for (const [minutes, status] of [
        [14, 200],
        [-14, 200],
        [16, 400],
        [-16, 400],
      ] as const) {
        server.clock.setTo(at + minutes * 60_000);
        const answer = await server.send(signed);
        expect(answer.status).toBe(status);
        if (status === 400)
          expect(refusalIn(answer).message).toMatch(
            minutes > 0 ? /^Signature expired: / : /^Signature not yet current: /,
          );
      }
    } finally {
      server.clock.setTo(at);
    }
  });

  it('cannot be changed on the way: a signed read never becomes a deletion', async () => {
    const repository = await freshRepository(client);
    await repository.push(imageNamed('a'), 'a');
    const body = { repositoryName: repository.name, imageIds: [{ imageTag: 'a' }] };
    const swaps = [
      (name: string) => name.replace('BatchGetImage', 'BatchDeleteImage'),
      (name: string) => name.replace('BatchGetImage', 'DeleteRepository'),
    ];
    for (const swap of swaps) {
      const answer = await server.call(
        'BatchGetImage',
        { ...body, force: true },
        {
          tamper: (signed) => ({
            ...signed,
            headers: signed.headers.map(([name, value]) => [
              name,
              name.toLowerCase() === 'x-amz-target' ? swap(value) : value,
            ]),
          }),
        },
      );
      expect(refusalIn(answer).__type).toBe('InvalidSignatureException');
    }
    const bodySwap = await server.call('BatchGetImage', body, {
      tamper: (signed) => ({ ...signed, body: Buffer.from(signed.body.toString().replace('"a"', '"b"')) }),
    });
    expect(refusalIn(bodySwap).__type).toBe('InvalidSignatureException');
    const unsignedTarget = await server.call('BatchDeleteImage', body, {
      tamper: (signed) => ({
        ...signed,
        headers: signed.headers.map(([name, value]) => [
          name,
          name.toLowerCase() === 'authorization' ? value.replace(';x-amz-target', '') : value,
        ]),
      }),
    });
    expect(refusalIn(unsignedTarget).__type).toBe('InvalidSignatureException');
    expect(await repository.list()).toHaveLength(1);
  });
});
