import { CreateRepositoryCommand, GetDownloadUrlForLayerCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf, TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client, clock, host } = server;

const A = imageNamed('a');
const [CONFIG, LAYER] = A.blobs;
if (!CONFIG || !LAYER) throw new Error('an image has a config and a layer');
const UNKNOWN = `sha256:${'0'.repeat(64)}`;

async function urlOf(repository: TestRepository, layerDigest: string, from = client): Promise<string> {
  const { downloadUrl } = await from.send(new GetDownloadUrlForLayerCommand({ ...repository.named, layerDigest }));
  return downloadUrl ?? '';
}

async function fetched(url: string): Promise<[status: number, bytes: Buffer]> {
  const answer = await fetch(url);
  return [answer.status, Buffer.from(await answer.arrayBuffer())];
}

describe('GetDownloadUrlForLayer', () => {
  it('answers a link, to the byte, that leads to the layer without credentials', async () => {
    const repository = await freshRepository(client);
    await repository.push(A);
    const answer = await server.call('GetDownloadUrlForLayer', {
      repositoryName: repository.name,
      layerDigest: LAYER.digest,
    });
    const { downloadUrl } = JSON.parse(answer.body);
    expect(answer.body).toBe(`{"downloadUrl":"${downloadUrl}","layerDigest":"${LAYER.digest}"}`);
    expect(new URL(downloadUrl).host).toBe(host);
    expect(await fetched(downloadUrl)).toEqual([200, Buffer.from(LAYER.bytes)]);
    expect(await fetched(await urlOf(repository, CONFIG.digest))).toEqual([200, Buffer.from(CONFIG.bytes)]);
  });

  it('answers a link for an hour, for that layer of that repository alone', async () => {
    const [repository, other] = [await freshRepository(client), await freshRepository(client)];
    await repository.push(A);
    await other.push(A);
    const url = await urlOf(repository, LAYER.digest);
    const refused = async (changed: string) => {
      expect(changed).not.toBe(url);
      expect((await fetched(changed))[0]).toBeGreaterThanOrEqual(400);
      expect((await fetched(changed))[0]).toBeLessThan(500);
    };
    await refused(
      url
        .replace(LAYER.digest, CONFIG.digest)
        .replace(encodeURIComponent(LAYER.digest), encodeURIComponent(CONFIG.digest)),
    );
    await refused(url.replace(repository.name, other.name));
    await refused(url.replace(/signature=./, 'signature='));
    await refused(url.replace(/expires=(\d+)/, (_, at) => `expires=${Number(at) + 1}`));
    clock.advance(3_600_000 - 1);
    expect((await fetched(url))[0]).toBe(200);
    clock.advance(1);
    expect((await fetched(url))[0]).toBeGreaterThanOrEqual(400);
  });

  it('leads to the right repository where several registries have one of the name', async () => {
    const repository = await freshRepository(client);
    const far = server.clientOf({ accessKeyId: '111111111111', region: 'eu-west-1' });
    await far.send(new CreateRepositoryCommand(repository.named));
    const theirs = new TestRepository(far, repository.name);
    await theirs.push(A);
    expect((await refusalOf(urlOf(repository, LAYER.digest))).name).toBe('LayersNotFoundException');
    expect(await fetched(await urlOf(theirs, LAYER.digest, far))).toEqual([200, Buffer.from(LAYER.bytes)]);
  });

  it('links under the very host that the caller addressed, where the link leads back to', async () => {
    const repository = await freshRepository(client);
    await repository.push(A);
    const body = { repositoryName: repository.name, layerDigest: LAYER.digest };
    const headers = { host: 'api.ecr.us-east-1.amazonaws.com' };
    const answer = await server.call('GetDownloadUrlForLayer', body, { headers });
    const { protocol, host } = new URL(JSON.parse(answer.body).downloadUrl);
    expect([protocol, host]).toEqual(['http:', 'api.ecr.us-east-1.amazonaws.com']);
  });

  it.each([UNKNOWN, `sha256:${LAYER.digest.slice(7).toUpperCase()}`, 'md5:00'])(
    'does not find %s',
    async (layerDigest) => {
      const repository = await freshRepository(client);
      await repository.push(A);
      expect(await refusalOf(urlOf(repository, layerDigest))).toEqual({
        name: 'LayersNotFoundException',
        message: `The layer with digest ${layerDigest} does not exist within the repository with name '${repository.name}' in the registry with id '${ACCOUNT}'`,
      });
    },
  );

  it("does not find another repository's layer", async () => {
    const [repository, other] = [await freshRepository(client), await freshRepository(client)];
    await other.push(A);
    expect((await refusalOf(urlOf(repository, LAYER.digest))).name).toBe('LayersNotFoundException');
  });

  it('refuses a layer that no image names: not yet, or not any more', async () => {
    const repository = await freshRepository(client);
    await repository.pushBlob(LAYER);
    const refusal = {
      name: 'LayerInaccessibleException',
      message: `The layer with digest ${LAYER.digest} in the repository with name '${repository.name}' in the registry with id '${ACCOUNT}' is not available because no image references it`,
    };
    expect(await refusalOf(urlOf(repository, LAYER.digest))).toEqual(refusal);
    await repository.push(A, 'a');
    expect(
      outputOf(
        await client.send(
          new GetDownloadUrlForLayerCommand({ ...repository.named, layerDigest: LAYER.digest, registryId: ACCOUNT }),
        ),
      ),
    ).toHaveProperty('downloadUrl');
    await repository.delete({ imageTag: 'a' });
    expect(await refusalOf(urlOf(repository, LAYER.digest))).toEqual(refusal);
  });

  const PATTERN = 'Member must satisfy regular expression pattern: [a-zA-Z0-9-_+.]+:[a-fA-F0-9]+';

  it.each([
    ['', PATTERN],
    ['sha256:xyz', PATTERN],
    ['sha256:00/../..', PATTERN],
    [`${UNKNOWN}\n`, PATTERN],
    [undefined, 'Member must not be null'],
  ])('refuses %j', async (layerDigest, constraint) => {
    const call = client.send(new GetDownloadUrlForLayerCommand({ repositoryName: 'nowhere', layerDigest }));
    expect(await refusalOf(call)).toEqual(violation('layerDigest', constraint));
  });

  describeRepositoryMembers((members) =>
    client.send(new GetDownloadUrlForLayerCommand({ layerDigest: UNKNOWN, ...members })),
  );
});
