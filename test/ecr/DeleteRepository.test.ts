import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeRepositoriesCommand,
  InitiateLayerUploadCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { buildIndex } from '../support/images.ts';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { refusalOf, repositoryNotFound } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client, clock, host } = server;

const A = imageNamed('a');
const B = imageNamed('b');
const INDEX = buildIndex([A, B]);

async function expectGone(name: string): Promise<void> {
  const call = client.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
  expect(await refusalOf(call)).toEqual(repositoryNotFound(name));
}

describe('DeleteRepository', () => {
  it('answers the repository without its encryption and scanning, to the byte', async () => {
    const { name } = await freshRepository(client);
    const answer = await server.call('DeleteRepository', { repositoryName: name });
    expect(answer.body).toBe(
      `{"repository":{"createdAt":${clock.now() / 1000},"imageTagMutability":"MUTABLE","registryId":"${ACCOUNT}",` +
        `"repositoryArn":"arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${name}","repositoryName":"${name}","repositoryUri":"${host}/${name}"}}`,
    );
    await expectGone(name);
  });

  it('answers the exclusion filters where there are any', async () => {
    const imageTagMutabilityExclusionFilters = [{ filterType: 'WILDCARD' as const, filter: 'v*' }];
    const { named } = await freshRepository(client, {
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters,
      imageScanningConfiguration: { scanOnPush: true },
    });
    const { repository } = outputOf(await client.send(new DeleteRepositoryCommand({ ...named, registryId: ACCOUNT })));
    expect(repository).toMatchObject({
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters,
    });
    expect(repository).not.toHaveProperty('imageScanningConfiguration');
  });

  it.each([{}, { force: false }])('refuses a repository with images: %j', async (input) => {
    const repository = await freshRepository(client);
    await repository.push(A);
    const call = client.send(new DeleteRepositoryCommand({ ...repository.named, ...input }));
    expect(await refusalOf(call)).toEqual({
      name: 'RepositoryNotEmptyException',
      message: `The repository with name '${repository.name}' in registry with id '${ACCOUNT}' cannot be deleted because it still contains images`,
    });
    expect(await repository.list()).toEqual([{ imageDigest: A.digest }]);
  });

  it('takes images with it by force: tagged, untagged, indexes and what they list', async () => {
    const repository = await freshRepository(client, { imageTagMutability: 'IMMUTABLE' });
    await repository.push(buildIndex([INDEX], { annotations: { name: 'nested' } }), 'nested');
    await repository.put(A, 'a');
    await repository.push(imageNamed('signature', { subject: A }));
    await client.send(new DeleteRepositoryCommand({ ...repository.named, force: true }));
    await expectGone(repository.name);
    expect(await refusalOf(repository.list())).toEqual(repositoryNotFound(repository.name));
  });

  it('deletes a repository once all of its images are deleted, with layers and uploads that nothing names', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    await repository.delete({ imageTag: 'a' });
    await client.send(new InitiateLayerUploadCommand(repository.named));
    await client.send(new DeleteRepositoryCommand(repository.named));
    await expectGone(repository.name);
  });

  it('leaves nothing behind for a repository that is made again under the name', async () => {
    const repository = await freshRepository(client, { tags: [{ Key: 'team', Value: 'a' }] });
    await repository.push(A, 'a');
    await client.send(new DeleteRepositoryCommand({ ...repository.named, force: true }));
    clock.advance(1000);
    const made = await client.send(new CreateRepositoryCommand(repository.named));
    expect(made.repository?.createdAt).toEqual(new Date(clock.now()));
    expect(await repository.list()).toEqual([]);
    const tags = new ListTagsForResourceCommand({ resourceArn: made.repository?.repositoryArn });
    expect(outputOf(await client.send(tags))).toEqual({ tags: [] });
    expect((await refusalOf(repository.put(A, 'a'))).name).toBe('LayersNotFoundException');
  });

  it("leaves the same layers of another repository alone, and another registry's repository of the name", async () => {
    const [first, second] = [await freshRepository(client), await freshRepository(client)];
    await first.push(A, 'a');
    await second.push(A, 'a');
    const far = server.clientOf({ region: 'eu-west-1' });
    await far.send(new CreateRepositoryCommand(first.named));
    await client.send(new DeleteRepositoryCommand({ ...first.named, force: true }));
    await second.put(A, 'again');
    expect(await second.list()).toHaveLength(2);
    expect(
      (await far.send(new DescribeRepositoriesCommand({ repositoryNames: [first.name] }))).repositories,
    ).toHaveLength(1);
  });

  it('deletes a repository once, however many ask', async () => {
    const { name, named } = await freshRepository(client);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => client.send(new DeleteRepositoryCommand(named))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expectGone(name);
  });

  describeRepositoryMembers((members) => client.send(new DeleteRepositoryCommand(members)));
});
