import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { GatheringWriter } from '../../src/blobs/file-system/gathering-writer.ts';
import { memoryFolder } from '../support/temp-folder.ts';

/** The file, of which each write takes no more than `atMost` bytes, as the system may do. */
function writingLittle(file: FileHandle, atMost: number): Pick<FileHandle, 'writev'> {
  const some = (pieces: readonly NodeJS.ArrayBufferView[]) =>
    [Buffer.concat(pieces.map((piece) => Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)))].map((all) =>
      all.subarray(0, atMost),
    );
  return { writev: ((pieces, position) => file.writev(some(pieces), position)) as FileHandle['writev'] };
}

describe('What is gathered', () => {
  test('is in the file from its place on, piece after piece, however the system takes it', async () => {
    await using folder = await memoryFolder();
    const path = join(folder.path, 'file');
    const piece = fc.nat(100_000).map((length) => Buffer.alloc(length, length % 251));
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }),
        fc.nat(1000),
        fc.constantFrom(30_001, 1_000_000),
        async (pieces, place, atMost) => {
          await using file = await open(path, 'w+');
          const writer = new GatheringWriter(writingLittle(file, atMost), place);
          for (const one of pieces) await writer.add(one);
          await writer.flush();
          const written = (await readFile(path)).subarray(place);
          expect(written.equals(Buffer.concat(pieces))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is not more than some hundred kilobytes, or some pieces, while nothing has been written', async () => {
    for (const length of [1, 64 * 1024]) {
      const disk = Promise.withResolvers<never>();
      let begun = 0;
      const writev = () => {
        begun++;
        return disk.promise;
      };
      const writer = new GatheringWriter({ writev }, 0);
      let taken = 0;
      const all = (async () => {
        for (; taken < 1000; taken++) await writer.add(Buffer.alloc(length));
      })();
      while (taken === 0 || begun === 0) await null;
      for (let turn = 0; turn < 1000; turn++) await null;
      expect(begun).toBe(1);
      expect(taken).toBeLessThan(40);
      expect(taken * length).toBeLessThanOrEqual(512 * 1024);
      disk.reject(new Error('the disk is gone'));
      await expect(all).rejects.toThrow('the disk is gone');
    }
  });
});

describe('What trickles in', () => {
  test('is written though there is little of it, and though nothing follows', async () => {
    const written: string[] = [];
    const writev = (async (pieces: readonly Uint8Array[]) => {
      written.push(Buffer.concat(pieces).toString());
      return { bytesWritten: Buffer.concat(pieces).byteLength };
    }) as unknown as FileHandle['writev'];
    const writer = new GatheringWriter({ writev }, 0);
    await writer.add(Buffer.from('a'));
    await writer.add(Buffer.from('b'));
    expect(written).toEqual([]);
    await expect.poll(() => written).toEqual(['ab']);
    await writer.add(Buffer.from('c'));
    await expect.poll(() => written).toEqual(['ab', 'c']);
  });

  test('is gathered no further than anything else while the disk stands still', async () => {
    vi.useFakeTimers();
    try {
      let begun = 0;
      const writev = () => {
        begun++;
        return new Promise<never>(() => undefined);
      };
      const writer = new GatheringWriter({ writev }, 0);
      let taken = 0;
      (async () => {
        for (; taken < 1000; taken++) await writer.add(Buffer.alloc(1));
      })();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(begun).toBe(1);
      expect(taken).toBeLessThan(40);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is not written when it was dropped', async () => {
    vi.useFakeTimers();
    try {
      let begun = 0;
      const writer = new GatheringWriter({ writev: () => Promise.reject(new Error(`write ${++begun}`)) }, 0);
      await writer.add(Buffer.alloc(10));
      await writer.stopped();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(begun).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('A write that fails', () => {
  test('is heard of by whoever adds or flushes next, and by nobody when all is dropped', async () => {
    const failing = () => new GatheringWriter({ writev: async () => Promise.reject(new Error('no space')) }, 0);
    const adding = failing();
    await adding.add(Buffer.alloc(300_000));
    await expect(adding.add(Buffer.alloc(300_000))).rejects.toThrow('no space');
    await adding.stopped();
    const flushing = failing();
    await flushing.add(Buffer.alloc(10));
    await expect(flushing.flush()).rejects.toThrow('no space');
    const dropped = failing();
    await dropped.add(Buffer.alloc(300_000));
    await dropped.stopped();
  });
});
