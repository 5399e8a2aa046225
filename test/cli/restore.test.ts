import { describe, expect, test } from 'vitest';
import { formatInstant } from '../../src/cli/format.ts';
import { serveThisFile, UNDO_WINDOW } from '../admin/support/admin-server.ts';
import { freshRepository, imageNamed } from '../ecr/support/test-repository.ts';
import { run } from './fake-terminal.ts';
import { berthOn, documents } from './support/berth.ts';

const server = await serveThisFile();
const berth = berthOn(server);

async function emptied() {
  const repository = await freshRepository(server.ecr.client);
  const [a, b] = [imageNamed(`${repository.name} a`), imageNamed(`${repository.name} b`)];
  await repository.push(a, 'v1', 'latest');
  await repository.push(b, 'v2');
  const { code } = await berth.run(['images', 'delete', repository.name, '--tag-pattern', '*', '--yes']);
  expect(code).toBe(0);
  return { repository, name: repository.name, a, b };
}

test.each([
  [[]],
  [['--all', '--list']],
  [['--tag', 'a', '--all']],
  [['--repository', '--digest', `sha256:${'0'.repeat(64)}`]],
])('restore %j is wrong usage', async (flags) => {
  const { code, err } = await run(['restore', 'team/app', ...flags]);
  expect(code).toBe(2);
  expect(err).toContain('say what to bring back');
});

describe('berth restore', () => {
  test('--list shows what can be brought back, and until when', async () => {
    const { name, a } = await emptied();
    const { code, out } = await berth.run(['restore', name, '--list']);
    expect(code).toBe(0);
    const [deleted, until] = [server.clock.now(), server.clock.now() + UNDO_WINDOW].map(formatInstant);
    expect(out).toMatch(new RegExp(`^image  ${a.digest}  deleted ${deleted}  until ${until}  v1, latest$`, 'm'));
    const json = await berth.run(['restore', name, '--list', '--json']);
    expect(documents(json.out)).toHaveLength(2);
    expect(documents(json.out)).toContainEqual({
      imageDigest: a.digest,
      imageTags: ['v1', 'latest'],
      whole: true,
      deletedAt: server.clock.now(),
      until: server.clock.now() + UNDO_WINDOW,
    });
  });

  test('--digest brings an image back with its tags', async () => {
    const { repository, name, a } = await emptied();
    const { code, out } = await berth.run(['restore', name, '--digest', a.digest]);
    expect(code).toBe(0);
    expect(out).toContain(`restored  :v1 ${a.digest}`);
    expect((await repository.list()).map(({ imageTag }) => imageTag)).toEqual(['v1', 'latest']);
  });

  test('--tag brings the image back that had the tag', async () => {
    const { repository, name, b } = await emptied();
    expect((await berth.run(['restore', name, '--tag', 'v2'])).code).toBe(0);
    expect(await repository.list()).toEqual([{ imageDigest: b.digest, imageTag: 'v2' }]);
  });

  test('--all brings everything back, once', async () => {
    const { repository, name } = await emptied();
    const { code, out } = await berth.run(['restore', name, '--all', '--json']);
    expect(code).toBe(0);
    expect(documents(out)).toMatchObject([{ restored: expect.any(Array), failures: [] }]);
    expect(await repository.list()).toHaveLength(3);
    const again = await berth.run(['restore', name, '--all']);
    expect([again.code, again.out]).toEqual([0, 'There is nothing to bring back.\n']);
    expect((await berth.run(['restore', name, '--list'])).out).toBe('There is nothing to bring back.\n');
  });

  test('tells what cannot be brought back, with exit code 1', async () => {
    const { name } = await emptied();
    const { code, out, err } = await berth.run(['restore', name, '--tag', 'v2', '--tag', 'nobody']);
    expect(code).toBe(1);
    expect(out).toContain('restored  :v2');
    expect(err).toMatch(/^refused {3}:nobody {2}\w+: .+$/m);
  });

  test('--repository says why a repository cannot come back', async () => {
    const { name } = await emptied();
    const there = await berth.run(['restore', name, '--repository']);
    expect([there.code, there.err]).toEqual([
      1,
      `error: The repository with name '${name}' already exists in the registry with id '000000000000'\n`,
    ]);
    expect((await berth.run(['restore', 'never/was', '--repository'])).code).toBe(1);
  });
});
