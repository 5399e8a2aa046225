import { PutImageCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { buildIndex } from '../support/images.ts';
import { serveThisFile } from './support/ecr-server.ts';
import { UUID } from './support/refusals.ts';
import { freshRepository, imageNamed, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const A = imageNamed('a');
const B = imageNamed('b');
const INDEX = buildIndex([A]);
const a = A.digest;

async function send(repository: TestRepository, imageIds: readonly object[]) {
  return server.call('BatchDeleteImage', { repositoryName: repository.name, imageIds });
}

describe('BatchDeleteImage on the wire', () => {
  it("answers the first example of Amazon's reference: by tag", async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'precise', 'xenial');
    const answer = await send(repository, [{ imageTag: 'xenial' }]);
    expect(answer.body).toBe(`{"failures":[],"imageIds":[{"imageDigest":"${a}","imageTag":"xenial"}]}`);
    expect(answer.headers['content-length']).toBe('138');
  });

  it("answers the second example of Amazon's reference: by digest, with two tags", async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'xenial', 'latest');
    const answer = await send(repository, [{ imageDigest: a }]);
    expect(answer.body).toBe(
      `{"failures":[],"imageIds":[{"imageDigest":"${a}","imageTag":"xenial"},{"imageDigest":"${a}","imageTag":"latest"}]}`,
    );
    expect(answer.headers['content-length']).toBe('248');
  });

  it('answers with the headers that ECR has', async () => {
    const repository = await freshRepository(client);
    const answer = await send(repository, [{ imageTag: 'absent' }]);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/x-amz-json-1.1');
    expect(answer.headers['x-amzn-requestid']).toMatch(UUID);
    expect(answer.rawHeaders).toContain('x-amzn-RequestId');
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)));
    const next = await send(repository, [{ imageTag: 'absent' }]);
    expect(next.headers['x-amzn-requestid']).not.toBe(answer.headers['x-amzn-requestid']);
  });

  it('answers the recorded pair of what an index lists', async () => {
    const repository = await freshRepository(client);
    await repository.push(INDEX, 'index');
    const answer = await send(repository, [{ imageDigest: a }]);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(
      '{"failures":[{"failureCode":"ImageReferencedByManifestList",' +
        `"failureReason":"Requested image referenced by manifest list: [${INDEX.digest}]","imageId":{"imageDigest":"${a}"}}],"imageIds":[]}`,
    );
  });

  it('answers the recorded pair of a tag that is there and one that is absent, and then the list without it', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'original');
    await repository.push(INDEX, 'index');
    await repository.push(B, 'http-tag');
    const answer = await send(repository, [{ imageTag: 'http-tag' }, { imageTag: 'absent' }]);
    expect(answer.body).toBe(
      '{"failures":[{"failureCode":"ImageNotFound","failureReason":"Requested image not found","imageId":{"imageTag":"absent"}}],' +
        `"imageIds":[{"imageDigest":"${B.digest}","imageTag":"http-tag"}]}`,
    );
    const afterwards = await server.call('ListImages', { repositoryName: repository.name });
    expect(afterwards.body).toBe(
      `{"imageIds":[{"imageDigest":"${INDEX.digest}","imageTag":"index"},{"imageDigest":"${a}","imageTag":"original"}]}`,
    );
  });

  it('answers an empty identifier with an empty identifier', async () => {
    const repository = await freshRepository(client);
    const answer = await send(repository, [{}]);
    expect(answer.body).toBe(
      '{"failures":[{"failureCode":"MissingDigestAndTag","failureReason":"Invalid request parameters: both tag and digest cannot be null",' +
        '"imageId":{}}],"imageIds":[]}',
    );
  });

  it('takes null for absent, and passes over members that nobody declared', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a', 'b');
    const answer = await send(repository, [{ imageDigest: null, imageTag: 'a', force: true, ImageDigest: a }]);
    expect(answer.body).toBe(`{"failures":[],"imageIds":[{"imageDigest":"${a}","imageTag":"a"}]}`);
    expect(await repository.list()).toEqual([{ imageDigest: a, imageTag: 'b' }]);
  });

  it('echoes what it was given, whatever the characters', async () => {
    const repository = await freshRepository(client);
    const digest = '"\\\u0000\u2028\ud83d\ude00</script>';
    const answer = await send(repository, [{ imageDigest: digest }]);
    expect(JSON.parse(answer.body).failures[0].imageId).toEqual({ imageDigest: digest });
  });

  it('refuses an unknown repository as a whole', async () => {
    const answer = await server.call('BatchDeleteImage', { repositoryName: 'nowhere', imageIds: [{ imageTag: 'a' }] });
    expect(answer.status).toBe(400);
    expect(answer.body).toBe(
      '{"__type":"RepositoryNotFoundException",' +
        `"message":"The repository with name 'nowhere' does not exist in the registry with id '000000000000'"}`,
    );
    expect(answer.headers['x-amzn-requestid']).toMatch(UUID);
  });

  it('refuses 0 and 101 identifiers in the recorded words', async () => {
    const refused = await Promise.all(
      [[], Array.from({ length: 101 }, () => ({ imageTag: 'a' }))].map((imageIds) =>
        server.call('BatchDeleteImage', { repositoryName: 'nowhere', imageIds }),
      ),
    );
    expect(refused.map(({ body }) => body)).toEqual(
      ['greater than or equal to 1', 'less than or equal to 100'].map(
        (bound) =>
          `{"__type":"InvalidParameterException","message":"Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length ${bound}'"}`,
      ),
    );
  });

  it('answers the same to whoever deletes what was pushed with docker media types', async () => {
    const repository = await freshRepository(client);
    const docker = imageNamed('docker', { mediaType: 'application/vnd.docker.distribution.manifest.v2+json' });
    await repository.push(docker);
    await client.send(new PutImageCommand({ ...repository.named, imageManifest: text(docker.bytes), imageTag: 'd' }));
    const answer = await send(repository, [{ imageTag: 'd' }]);
    expect(answer.body).toBe(`{"failures":[],"imageIds":[{"imageDigest":"${docker.digest}","imageTag":"d"}]}`);
  });
});

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
