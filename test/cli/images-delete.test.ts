import { describe, expect, test } from 'vitest';
import { formatBytes } from '../../src/cli/format.ts';
import { blobBytes, serveThisFile } from '../admin/support/admin-server.ts';
import { freshRepository, imageNamed } from '../ecr/support/test-repository.ts';
import { buildImage, buildIndex } from '../support/images.ts';
import { run } from './fake-terminal.ts';
import { berthOn, documents } from './support/berth.ts';

const server = await serveThisFile();
const berth = berthOn(server);

describe('wrong usage', () => {
  const DIGEST = `sha256:${'0'.repeat(64)}`;
  test.each<[string, readonly string[], string]>([
    ['nothing is selected', [], 'nothing is selected'],
    ['images are named and selected', ['--tag', 'a', '--untagged'], 'use one kind or the other'],
    ['images are named and selected', ['--digest', DIGEST, '--older-than', '1d'], 'use one kind or the other'],
    ['no image can meet it', ['--untagged', '--tag-pattern', '*'], 'cannot both hold'],
    ['a tag is none', ['--tag', 'a b'], 'Expected a tag'],
    ['a tag is a pattern', ['--tag', 'pr-*'], '--tag-pattern'],
    ['a digest is cut short', ['--digest', 'sha256:0000'], 'Expected a whole digest'],
    ['a pattern has more than tags have', ['--tag-pattern', 'a/b'], 'Expected a tag with *'],
    ['a pattern is too long', ['--tag-pattern', 'a'.repeat(257)], 'at most 256 characters'],
    ['an age has no unit', ['--older-than', '30'], 'such as 12h or 30d'],
    ['more than a thousand are named', Array.from({ length: 1001 }, () => ['--tag', 'a']).flat(), 'at most 1000'],
    ['there is nobody to ask', ['--untagged'], 'add --yes'],
  ])('is refused with 2 before anybody is asked: %s', async (_, flags, said) => {
    const { code, out, err } = await run(['images', 'delete', 'team/app', ...flags]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: /);
    expect(err).toContain(said);
  });

  test.each([['team/app:v1'], ['localhost:4327/team/app'], ['Team']])('%s is no name of a repository', async (name) => {
    const { code, err } = await run(['images', 'delete', name, '--untagged', '--yes']);
    expect(code).toBe(2);
    expect(err).toContain('Expected the name of a repository');
  });
});

test('--help has every flag, and examples', async () => {
  const { code, out } = await run(['images', 'delete', '--help']);
  expect(code).toBe(0);
  for (const flag of ['--tag ', '--digest', '--tag-pattern', '--untagged', '--older-than', '--not-pulled-since']) {
    expect(out).toContain(flag);
  }
  expect(out).toContain('$ berth images delete');
});

describe('--dry-run', () => {
  test('shows what would go and deletes nothing, whether somebody sits there or not', async () => {
    const repository = await freshRepository(server.ecr.client);
    const [image, kept] = [buildImage('dry'), imageNamed('dry kept')];
    await repository.push(image, 'a', 'b');
    await repository.push(kept, 'keep', 'tag-to-go');
    const flags = ['--digest', image.digest, '--tag', 'tag-to-go', '--dry-run'];
    const { code, out, err } = await berth.run(['images', 'delete', repository.name, ...flags]);
    expect([code, err]).toEqual([0, '']);
    const size = formatBytes(blobBytes(image));
    const lines = out.split('\n');
    expect([...lines.slice(0, 2).sort(), ...lines.slice(2)]).toEqual([
      `image     ${image.digest}  a, b  ${size}`,
      `tag       ${kept.digest}  tag-to-go  the image stays`,
      'To delete: 1 image and 3 tags.',
      `Bytes that would come back: ${size} to the repository, ${size} to the registry, ${size} to the disk.`,
      '',
    ]);
    expect(await repository.list()).toHaveLength(4);
  });

  test('says what would be refused and why, with exit code 1, and what would lose its subject', async () => {
    const repository = await freshRepository(server.ecr.client);
    const [child, subject] = [imageNamed('child'), imageNamed('subject')];
    await repository.push(buildIndex([child]), 'index');
    await repository.push(subject, 'signed');
    const signature = await repository.push(imageNamed('signature', { subject, artifactType: 'x/y' }));
    const flags = ['--digest', child.digest, '--tag', 'signed', '--tag', 'nobody', '--dry-run'];
    const { code, out } = await berth.run(['images', 'delete', repository.name, ...flags]);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`^refused   ${child.digest}  ImageReferencedByManifestList: .+$`, 'm'));
    expect(out).toMatch(/^refused {3}:nobody {2}ImageNotFound: .+$/m);
    expect(out).toMatch(
      new RegExp(`^referrer  ${signature.digest}  loses its subject ${subject.digest}(?:  x/y)?$`, 'm'),
    );
    expect(out).toMatch(/^Refused: 2\.$/m);
    expect(out).toMatch(/^Without a subject from then on: 1 referrer/m);
  });

  test('with --json is the plan, an entry a line and the total last', async () => {
    const repository = await freshRepository(server.ecr.client);
    await repository.push(imageNamed('json'), 'a');
    const { code, out } = await berth.run([
      'images',
      'delete',
      repository.name,
      '--tag-pattern',
      '*',
      '--dry-run',
      '--json',
    ]);
    expect(code).toBe(0);
    const [entry, total] = documents(out);
    expect(entry).toMatchObject({ kind: 'image', imageTags: ['a'], logicalBytes: expect.any(Number) });
    expect(total).toMatchObject({ kind: 'total', images: 1, tags: 1, failures: 0, referrers: 0 });
    expect(total?.['bytes']).toEqual({
      repository: expect.any(Number),
      registry: expect.any(Number),
      store: expect.any(Number),
    });
  });
});

describe('a deletion', () => {
  async function withImages(count: number) {
    const repository = await freshRepository(server.ecr.client);
    for (let index = 0; index < count; index += 1) await repository.push(imageNamed(`image ${index}`), `pr-${index}`);
    return repository;
  }

  test('shows the plan first, asks, and does it for y', async () => {
    const repository = await withImages(3);
    const person = { answers: ['y'] };
    const command = ['images', 'delete', repository.name, '--tag-pattern', 'pr-*'];
    const { code, out, err } = await berth.run(command, { person });
    expect(code).toBe(0);
    expect(err).toMatch(/^To delete: 3 images and 3 tags\.\n(?:.*\n)*?Delete them\? \[y\/N\] /);
    expect(out).toMatch(/^Deleted: 3 images and 3 tags\.\nBytes that come back: /);
    expect(await repository.list()).toEqual([]);
  });

  test.each([['n'], [''], ['yesterday'], [undefined]])('does nothing for %j', async (answer) => {
    const repository = await withImages(1);
    const command = ['images', 'delete', repository.name, '--tag', 'pr-0'];
    const { code, out, err } = await berth.run(command, { person: { answers: [answer] } });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('Nothing was deleted.');
    expect(await repository.list()).toHaveLength(1);
  });

  test('is not asked for with --yes, and draws a bar on a terminal only', async () => {
    const [seen, unseen] = [await withImages(2), await withImages(2)];
    const flags = ['--tag-pattern', '*', '--yes'];
    const onTerminal = await berth.run(['images', 'delete', seen.name, ...flags], { person: { answers: [] } });
    expect(onTerminal.code).toBe(0);
    expect(onTerminal.err).not.toContain('Delete them?');
    expect(onTerminal.err).toMatch(/\[#{24}\] 100 %, 2 of 2\n$/);
    const elsewhere = await berth.run(['images', 'delete', unseen.name, ...flags]);
    expect(elsewhere.code).toBe(0);
    expect(elsewhere.err).not.toContain('\u001b');
    expect(elsewhere.err).not.toContain('\r');
  });

  test('of what is gone already has nothing to do and says so', async () => {
    const repository = await withImages(2);
    const command = ['images', 'delete', repository.name, '--tag-pattern', '*', '--yes'];
    expect((await berth.run(command)).code).toBe(0);
    const again = await berth.run(command);
    expect(again.code).toBe(0);
    expect(again.out).toContain('Deleted: 0 images and 0 tags.');
  });

  test('tells refusals with their reasons and ends with 1; the rest is done', async () => {
    const repository = await withImages(1);
    const flags = ['--tag', 'pr-0', '--tag', 'nobody', '--yes'];
    const { code, out, err } = await berth.run(['images', 'delete', repository.name, ...flags]);
    expect(code).toBe(1);
    expect(out).toContain('Deleted: 1 image and 1 tag.');
    expect(out).toContain('Refused: 1.');
    expect(err).toMatch(/^refused {3}:nobody {2}ImageNotFound: /m);
    expect(await repository.list()).toEqual([]);
  });

  test('with --json prints what is gone, an entry a line, and nothing else on stdout', async () => {
    const repository = await withImages(3);
    const command = ['images', 'delete', repository.name, '--tag-pattern', '*', '--yes', '--json'];
    const { code, out } = await berth.run(command);
    expect(code).toBe(0);
    const lines = documents(out);
    expect(lines.map(({ kind }) => kind)).toEqual(['image', 'image', 'image', 'total']);
    expect(await repository.list()).toEqual([]);
  });

  test('selects by age as of now', async () => {
    const repository = await withImages(1);
    server.clock.advance(31 * 86_400_000);
    await repository.push(imageNamed('young'), 'young');
    const flags = ['--older-than', '30d', '--not-pulled-since', '30d', '--yes'];
    expect((await berth.run(['images', 'delete', repository.name, ...flags])).code).toBe(0);
    expect(await repository.list()).toMatchObject([{ imageTag: 'young' }]);
  });

  test('in a repository that does not exist is refused with the next step', async () => {
    const { code, err } = await berth.run(['images', 'delete', 'no/such', '--untagged', '--yes']);
    expect(code).toBe(1);
    expect(err).toContain("The repository with name 'no/such' does not exist");
    expect(err).toContain("'berth usage' lists the repositories");
  });
});
