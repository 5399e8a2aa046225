import { ListTagsForResourceCommand, type Tag, TagResourceCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { refusalOf, violation } from './support/refusals.ts';
import { arnOf, BAD_ARNS, missingArns } from './support/repository-arns.ts';
import { freshRepository, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const tag = (Key: string, Value = ''): Tag => ({ Key, Value });
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => tag(`key-${from + index}`));

async function tagged(...tags: Tag[]): Promise<string> {
  const { name } = await freshRepository(client, { tags });
  return arnOf(name);
}

const put = (resourceArn: string, tags: Tag[]) => client.send(new TagResourceCommand({ resourceArn, tags }));

async function list(resourceArn: string): Promise<Tag[]> {
  return (await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags ?? [];
}

describe('TagResource', () => {
  it('answers with nothing, and adds to the tags or replaces those of the same key', async () => {
    const resourceArn = await tagged(tag('a', '1'), tag('b', '2'));
    expect(outputOf(await put(resourceArn, [tag('b', '3'), tag('c', '4'), tag('A', '5')]))).toEqual({});
    expect(await list(resourceArn)).toEqual([tag('A', '5'), tag('a', '1'), tag('b', '3'), tag('c', '4')]);
    const answer = await server.call('TagResource', { resourceArn, tags: [] });
    expect(answer).toMatchObject({ status: 200, body: '{}' });
  });

  it.each([
    [tag('k'.repeat(128), 'v'.repeat(256))],
    [tag('a', '')],
    [tag('Straße 1', 'über.alles:/=+-@_')],
    [tag('my:aws:key', 'aws:value')],
    [tag('constructor', '__proto__')],
    [tag('__proto__', 'polluted')],
  ])('takes the tag %j', async (added) => {
    const resourceArn = await tagged();
    await put(resourceArn, [added]);
    expect(await list(resourceArn)).toEqual([added]);
  });

  it.each<[string, Tag, string]>([
    ['an empty key', tag(''), "The tag key '' must have 1 to 128 characters"],
    ['a key of 129 characters', tag('k'.repeat(129)), `The tag key '${'k'.repeat(128)}' must have 1 to 128 characters`],
    [
      'a value of 257 characters',
      tag('k', 'v'.repeat(257)),
      "The value of the tag 'k' must have at most 256 characters",
    ],
    ['a key that is AWS’s own', tag('aws:x'), "The tag key 'aws:x' begins with the reserved prefix 'aws:'"],
    [
      'a key that is AWS’s own, in another case',
      tag('Aws:x'),
      "The tag key 'Aws:x' begins with the reserved prefix 'aws:'",
    ],
    ['other characters in a key', tag('a?'), "The tag 'a?' has characters that are not allowed"],
    ['other characters in a value', tag('a', '<b>'), "The tag 'a' has characters that are not allowed"],
    ['control characters', tag('a', '\u0000'), "The tag 'a' has characters that are not allowed"],
    ['a key that is given twice', tag('twice'), "The tag key 'twice' is given twice"],
  ])('refuses %s, and tags nothing', async (_, refused, message) => {
    const resourceArn = await tagged(tag('a', '1'));
    const refusal = await refusalOf(put(resourceArn, [tag('fine'), tag('twice'), refused]));
    expect(refusal).toEqual({ name: 'InvalidTagParameterException', message });
    expect(await list(resourceArn)).toEqual([tag('a', '1')]);
  });

  it('refuses what is too long without saying it all again', async () => {
    const resourceArn = await tagged();
    const refusal = await refusalOf(put(resourceArn, [tag('k'.repeat(500_000))]));
    expect(refusal.name).toBe('InvalidTagParameterException');
    expect(refusal.message.length).toBeLessThan(1000);
  });

  it('takes the 50th tag and not the 51st, counting those that are there', async () => {
    const resourceArn = await tagged(...numbered(49));
    await put(resourceArn, numbered(1, 49));
    expect(await list(resourceArn)).toHaveLength(50);
    await put(
      resourceArn,
      numbered(50).map(({ Key }) => tag(Key ?? '', 'changed')),
    );
    const refusal = await refusalOf(put(resourceArn, numbered(1, 50)));
    expect(refusal).toEqual({
      name: 'TooManyTagsException',
      message: 'The number of tags on a resource cannot exceed 50',
    });
    expect(await list(resourceArn)).toHaveLength(50);
  });

  it('keeps to the limit when many tag at once', async () => {
    const resourceArn = await tagged(...numbered(45));
    await Promise.allSettled(Array.from({ length: 10 }, (_, index) => put(resourceArn, [tag(`more-${index}`)])));
    expect(await list(resourceArn)).toHaveLength(50);
  });

  it.each(BAD_ARNS)('refuses %j as an ARN', async (resourceArn) => {
    expect(await refusalOf(put(resourceArn, [tag('a')]))).toEqual(violation('resourceArn', 'Invalid ARN'));
  });

  it.each(missingArns())('finds no repository under %s', async (resourceArn, refusal) => {
    expect(await refusalOf(put(resourceArn, [tag('a')]))).toEqual(refusal);
  });

  it.each([
    ['resourceArn', { tags: [tag('a')] }, 'resourceArn'],
    ['tags', { resourceArn: arnOf('nowhere') }, 'tags'],
    ['Key', { resourceArn: arnOf('nowhere'), tags: [{ Value: 'v' }] }, 'tags.1.member.Key'],
    ['Value', { resourceArn: arnOf('nowhere'), tags: [tag('a'), { Key: 'k' }] }, 'tags.2.member.Value'],
    ['Key, in lower case,', { resourceArn: arnOf('nowhere'), tags: [{ key: 'k', value: 'v' }] }, 'tags.1.member.Key'],
  ])('cannot do without the member %s', async (_, input, parameter) => {
    const answer = await server.call('TagResource', input);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'InvalidParameterException',
      message: `Invalid parameter at '${parameter}' failed to satisfy constraint: 'Member must not be null'`,
    });
  });

  it('tags the repository of the account and region that the ARN names', async () => {
    const far = server.clientOf({ accessKeyId: '111111111111', region: 'eu-west-1' });
    const { name } = await freshRepository(far);
    const resourceArn = `arn:aws:ecr:eu-west-1:111111111111:repository/${name}`;
    await put(resourceArn, [tag('from', ACCOUNT)]);
    expect((await far.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([tag('from', ACCOUNT)]);
  });
});
