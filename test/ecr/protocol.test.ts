import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UNSERVED } from '../../src/ecr/unserved.ts';
import { serveThisFile, TARGET_PREFIX } from './support/ecr-server.ts';
import { refusalIn, UUID } from './support/refusals.ts';
import { freshRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const MIB = 1024 * 1024;

describe('the content type', () => {
  it.each([
    'application/x-amz-json-1.0',
    'application/json',
    'text/plain',
    'application/x-amz-json-1.10',
    'application/cbor',
    'application/x-www-form-urlencoded',
    '',
  ])('cannot be %j: ECR says so in XML, with 404', async (type) => {
    const answer = await server.call('DescribeRepositories', '{}', { headers: { 'content-type': type } });
    expect(answer.status).toBe(404);
    expect(answer.body).toBe('<UnknownOperationException/>\n');
    expect(answer.headers['content-type']).toMatch(/^text\/xml/);
    expect(answer.headers['x-amzn-requestid']).toMatch(UUID);
  });

  it.each(['application/x-amz-json-1.1', 'application/x-amz-json-1.1; charset=utf-8', 'Application/X-Amz-JSON-1.1'])(
    'can be %j',
    async (type) => {
      const answer = await server.call('DescribeRepositories', '{}', { headers: { 'content-type': type } });
      expect(answer.status).toBe(200);
    },
  );
});

describe('the target', () => {
  it('cannot be missing', async () => {
    const answer = await server.post('{}');
    expect([answer.status, answer.body]).toEqual([404, '<UnknownOperationException/>\n']);
  });

  it.each(UNSERVED)('%s is told to be an operation of ECR that is not served yet', async (operation) => {
    const refusal = refusalIn(await server.call(operation, '{}'));
    expect(refusal.__type).toBe('UnknownOperationException');
    expect(refusal.message).toMatch(
      new RegExp(
        `^${operation} is an operation of Amazon ECR that Berth \\S+ does not serve yet\\. Berth \\S+ serves .*BatchDeleteImage.*\\.$`,
      ),
    );
  });

  it.each([
    '',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'batchDeleteImage',
    'BATCHDELETEIMAGE',
    'A.B.C',
    'BatchDeleteImage\u00a0',
    'DeleteEverything',
    '../BatchDeleteImage',
    'x'.repeat(8000),
  ])('cannot name the operation %j', async (operation) => {
    const refusal = refusalIn(await server.call(operation, '{}'));
    expect(refusal.__type).toBe('UnknownOperationException');
    expect(refusal.message.length).toBeLessThan(1000);
  });

  it('tells those who are not let in nothing about operations', async () => {
    for (const operation of ['DescribeRegistry', 'DeleteEverything', 'BatchDeleteImage']) {
      const answer = await server.call(operation, '{}', { secretAccessKey: 'wrong' });
      expect(refusalIn(answer).__type).toBe('InvalidSignatureException');
    }
  });

  it('cannot be there twice', async () => {
    const answer = await server.call('DescribeRepositories', '{}', {
      tamper: (signed) => ({
        ...signed,
        headers: [...signed.headers, ['x-amz-target', `${TARGET_PREFIX}BatchDeleteImage`]],
      }),
    });
    expect(answer.status).toBe(400);
  });
});

describe('a call for another service', () => {
  it.each([
    [
      'DynamoDB',
      {
        service: 'dynamodb',
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      },
      'dynamodb',
    ],
    [
      'ECR Public',
      { service: 'ecr-public', headers: { 'x-amz-target': 'SpencerFrontendService.DescribeRepositories' } },
      'ecr-public',
    ],
    [
      'an older ECR',
      { headers: { 'x-amz-target': 'AmazonEC2ContainerRegistry_V20140101.ListImages' } },
      'AmazonEC2ContainerRegistry_V20140101',
    ],
    [
      'ECR in another case',
      { headers: { 'x-amz-target': `${TARGET_PREFIX.toLowerCase()}ListImages` } },
      'amazonec2containerregistry_v20150921',
    ],
  ])('%s is told in JSON what is served here', async (_, options, service) => {
    const refusal = refusalIn(await server.post('{}', options));
    expect(refusal.__type).toBe('UnknownOperationException');
    expect(refusal.message).toMatch(
      new RegExp(
        `serves Amazon ECR only\\. You called ${service}\\. Unset AWS_ENDPOINT_URL and set AWS_ENDPOINT_URL_ECR instead\\.$`,
      ),
    );
  });

  it('STS is told in XML, as the query protocol has it', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const answer = await server.post('Action=GetCallerIdentity&Version=2011-06-15', { service: 'sts', headers });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^text\/xml/);
    expect(answer.body).toMatch(
      /^<ErrorResponse><Error><Type>Sender<\/Type><Code>InvalidAction<\/Code><Message>.* You called sts\. .*<\/Message><\/Error><RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>\n$/,
    );
  });

  it.each([
    ['listing buckets', { method: 'GET', path: '/' }],
    ['making a bucket', { method: 'PUT', path: '/bucket' }],
    ['reading an object', { method: 'GET', path: '/bucket/a%20key?versions' }],
  ])('S3 %s is told in XML, as S3 has it', async (_, options) => {
    const answer = await server.post('', { ...options, service: 's3' });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/xml');
    expect(answer.body).toMatch(
      /^<Error><Code>InvalidRequest<\/Code><Message>.* You called s3\. .*<\/Message><RequestId>[0-9a-f-]{36}<\/RequestId><\/Error>\n$/,
    );
  });

  it('a REST service is told in JSON', async () => {
    const answer = await server.post('', { method: 'GET', path: '/2015-03-31/functions', service: 'lambda' });
    expect(answer.status).toBe(404);
    expect(answer.headers['x-amzn-errortype']).toBe('UnknownOperationException');
    expect(JSON.parse(answer.body)).toEqual({ message: expect.stringContaining('You called lambda.') });
  });

  it('is not echoed: what the caller wrote cannot become markup', async () => {
    const evil = '<script>alert(1)</script>';
    const headers = [
      ['host', server.host],
      ['content-type', 'application/x-www-form-urlencoded'],
      ['authorization', `AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/${evil}/aws4_request`],
      ['x-amz-target', ''],
      ['content-length', '0'],
    ] as const;
    const answer = await server.send({ method: 'POST', target: '/', headers, body: Buffer.alloc(0) });
    expect(answer.body).not.toContain('<script>');
  });
});

describe('the body', () => {
  const malformed = async (body: string | Uint8Array) => {
    const refusal = refusalIn(await server.call('DescribeRepositories', body));
    expect(refusal.__type).toBe('SerializationException');
    return refusal.message;
  };

  it.each([
    ['half an object', '{"repositoryNames":['],
    ['words', 'hello'],
    ['a comma too many', '{"maxResults":1,}'],
    ['single quotes', "{'maxResults':1}"],
    ['a comment', '{"maxResults":1/* one */}'],
    ['NaN', '{"maxResults":NaN}'],
    ['a hexadecimal number', '{"maxResults":0x10}'],
    ['something after the object', '{} {}'],
    ['a byte after the object', '{}\u0000'],
    ['a byte order mark', '\ufeff{}'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['a gzipped object', gzipSync('{}')],
    ['a list', '[]'],
    ['a string', '"{}"'],
    ['null', 'null'],
    ['a number', '1'],
    ['a name twice', '{"maxResults":1,"maxResults":1000}'],
    ['a name twice, once escaped', '{"maxResults":1,"max\\u0052esults":1000}'],
    ['a name twice that nobody declared', '{"x":{"y":1,"y":2}}'],
    ['65 levels', `{"x":${'['.repeat(64)}${']'.repeat(64)}}`],
    ['half a million levels', '['.repeat(500_000)],
    ['half a million objects in each other', '{"a":'.repeat(100_000)],
  ])('cannot be %s', async (_, body) => {
    expect((await malformed(body)).length).toBeLessThan(400);
  });

  it.each([
    ['{"repositoryNames":"ubuntu"}', 'Expected repositoryNames to be a list, found a string'],
    ['{"repositoryNames":[1]}', 'Expected repositoryNames.1.member to be a string, found the number 1'],
    ['{"repositoryNames":{"0":"ubuntu"}}', 'Expected repositoryNames to be a list, found an object'],
    ['{"maxResults":"10"}', 'Expected maxResults to be an integer, found a string'],
    ['{"maxResults":1.5}', 'Expected maxResults to be an integer, found the number 1.5'],
    ['{"maxResults":1e3000}', 'Expected maxResults to be an integer, found the number Infinity'],
    ['{"maxResults":2147483648}', 'Expected maxResults to be an integer of 32 bits, found the number 2147483648'],
    ['{"registryId":123456789012}', 'Expected registryId to be a string, found the number 123456789012'],
    ['{"nextToken":{}}', 'Expected nextToken to be a string, found an object'],
    ['{"nextToken":"\\ud800"}', 'Expected nextToken to be well-formed Unicode, found a string'],
  ])('cannot have a value of the wrong type: %s', async (body, message) => {
    expect(await malformed(body)).toBe(message);
  });

  it.each([
    '',
    '{}',
    ' {} \n',
    '{"maxResults":null}',
    '{"maxResults":1e1}',
    '{"unknown":{"deep":[1]}}',
    '{"__proto__":{"maxResults":0}}',
    '{"constructor":1}',
  ])('can be %j', async (body) => {
    expect((await server.call('DescribeRepositories', body)).status).toBe(200);
  });

  it('has names that are case-sensitive: another spelling is an unknown member', async () => {
    const { name } = await freshRepository(client);
    for (const member of ['RepositoryName', 'repositoryname', 'REPOSITORYNAME', 'repository_name', 'repositoryName ']) {
      const answer = await server.call('DeleteRepository', { [member]: name });
      expect(refusalIn(answer).message).toMatch(
        /'repositoryName' failed to satisfy constraint: 'Member must not be null'/,
      );
    }
    const inherited = await server.call('DeleteRepository', `{"__proto__":{"repositoryName":"${name}"}}`);
    expect(refusalIn(inherited).message).toMatch(/Member must not be null/);
    expect((await server.call('DeleteRepository', { repositoryName: name })).status).toBe(200);
  });

  it('never sets what is not an input: undeclared members change nothing', async () => {
    const body = {
      repositoryName: 'mass',
      createdAt: 0,
      accountId: '111111111111',
      region: 'eu-west-1',
      isAdmin: true,
      repositoryArn: 'arn:x',
    };
    const { repository } = JSON.parse((await server.call('CreateRepository', body)).body);
    expect(repository).toMatchObject({ registryId: '000000000000', createdAt: server.clock.now() / 1000 });
    expect(repository.repositoryArn).toBe('arn:aws:ecr:us-east-1:000000000000:repository/mass');
  });
});

describe('the length of the body', () => {
  const padded = (length: number) => `{"x":"${'a'.repeat(length - 8)}"}`;
  const tooLarge = (limit: number) => ({
    __type: 'InvalidParameterException',
    message: `The request body is larger than ${limit} bytes`,
  });

  it('can be 1 MiB, and not one byte more, for most operations', async () => {
    expect((await server.call('DescribeRepositories', padded(MIB))).status).toBe(200);
    expect(refusalIn(await server.call('DescribeRepositories', padded(MIB + 1)))).toEqual(tooLarge(MIB));
  });

  it('is counted where no header says it', async () => {
    const chunked = async (length: number) => {
      const headers = { 'x-amz-target': `${TARGET_PREFIX}DescribeRepositories`, 'transfer-encoding': 'chunked' };
      return server.send(await server.sign(padded(length), { headers, announceLength: false }));
    };
    expect((await chunked(MIB)).status).toBe(200);
    expect(refusalIn(await chunked(MIB + 1))).toEqual(tooLarge(MIB));
    expect(refusalIn(await chunked(3 * MIB))).toEqual(tooLarge(MIB));
  });

  it('cannot be said in two ways at once', async () => {
    const { name } = await freshRepository(client);
    const headers = {
      'x-amz-target': `${TARGET_PREFIX}DeleteRepository`,
      'transfer-encoding': 'chunked',
      'content-length': '0',
    };
    const answer = await server.send(await server.sign({ repositoryName: name }, { headers }));
    expect(answer.status).toBe(400);
    expect((await server.call('DeleteRepository', { repositoryName: name })).status).toBe(200);
  });

  it('is more where a manifest or a layer is in it', async () => {
    const { name } = await freshRepository(client);
    const imageManifest = 'x'.repeat(4 * MIB);
    const put = refusalIn(await server.call('PutImage', { repositoryName: name, imageManifest }));
    expect(put.message).toMatch(/Invalid JSON syntax/);
    const escaped = `{"repositoryName":"${name}","imageManifest":"${'\\u0078'.repeat(4 * MIB)}"}`;
    expect(refusalIn(await server.call('PutImage', escaped)).message).toMatch(/Invalid JSON syntax/);
    const limit = 4 * MIB * 6 + 64 * 1024;
    expect(refusalIn(await server.call('PutImage', padded(limit + 1)))).toEqual(tooLarge(limit));
  });

  it('that is announced and too much is refused before it arrives', async () => {
    const signed = await server.sign('{}', {
      headers: { 'x-amz-target': `${TARGET_PREFIX}DescribeRepositories`, 'content-length': String(100 * MIB) },
    });
    const answer = await server.sendHead(signed);
    expect(refusalIn(answer)).toEqual(tooLarge(MIB));
  });
});
