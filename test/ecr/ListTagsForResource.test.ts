import { ListTagsForResourceCommand, TagResourceCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { serveThisFile } from './support/ecr-server.ts';
import { refusalOf, violation } from './support/refusals.ts';
import { arnOf, BAD_ARNS, missingArns } from './support/repository-arns.ts';
import { freshRepository, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const list = (resourceArn: string | undefined) => client.send(new ListTagsForResourceCommand({ resourceArn }));

describe('ListTagsForResource', () => {
  it('answers an empty list for a repository without tags', async () => {
    const { name } = await freshRepository(client);
    const answer = await server.call('ListTagsForResource', { resourceArn: arnOf(name) });
    expect(answer).toMatchObject({ status: 200, body: '{"tags":[]}' });
  });

  it('answers the tags in order of key, as recorded, whenever they were put', async () => {
    const { name } = await freshRepository(client, { tags: [{ Key: 'stackd-owner', Value: 'me' }] });
    const resourceArn = arnOf(name);
    await client.send(new TagResourceCommand({ resourceArn, tags: [{ Key: 'purpose', Value: 'test' }] }));
    const answer = await server.call('ListTagsForResource', { resourceArn });
    expect(answer.body).toBe('{"tags":[{"Key":"purpose","Value":"test"},{"Key":"stackd-owner","Value":"me"}]}');
    expect(outputOf(await list(resourceArn))).toEqual({
      tags: [
        { Key: 'purpose', Value: 'test' },
        { Key: 'stackd-owner', Value: 'me' },
      ],
    });
  });

  it.each(BAD_ARNS)('refuses %j as an ARN', async (resourceArn) => {
    expect(await refusalOf(list(resourceArn))).toEqual(violation('resourceArn', 'Invalid ARN'));
  });

  it.each(missingArns())('finds no repository under %s', async (resourceArn, refusal) => {
    expect(await refusalOf(list(resourceArn))).toEqual(refusal);
  });

  it('cannot do without an ARN', async () => {
    expect(await refusalOf(list(undefined))).toEqual(violation('resourceArn', 'Member must not be null'));
  });
});
