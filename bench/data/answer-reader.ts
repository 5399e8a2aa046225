/** An answer as far as a load generator wants to know it. */
export interface Answer {
  readonly status: number;
  /** Status line and headers as they came. */
  readonly head: string;
  /** Length of the body. */
  readonly bytes: number;
  /** The body itself, where it was asked for. */
  readonly body: Buffer | undefined;
}

export interface Expected {
  /** Whether the answer has no body whatever its headers say: it is to HEAD. */
  readonly headOnly: boolean;
  readonly keepBody: boolean;
}

/** Reads one answer after the other off a connection, as HTTP/1.1 frames them: by length, or in chunks. */
export class AnswerReader {
  #expected: Expected = { headOnly: false, keepBody: false };
  #stage: 'head' | 'sized' | 'size' | 'chunk' | 'chunk-end' | 'trailer' = 'head';
  #line = '';
  #head = '';
  #left = 0;
  #bytes = 0;
  #kept: Buffer[] = [];

  expect(expected: Expected): void {
    this.#expected = expected;
    this.#stage = 'head';
    this.#line = '';
    this.#bytes = 0;
    this.#kept = [];
  }

  /** Takes what has arrived, which the caller may overwrite afterwards; answers the answer once it is whole. */
  read(chunk: Buffer): Answer | undefined {
    for (let at = 0; at < chunk.length; ) {
      if (this.#stage === 'sized' || this.#stage === 'chunk') {
        const taken = Math.min(this.#left, chunk.length - at);
        if (this.#expected.keepBody) this.#kept.push(Buffer.from(chunk.subarray(at, at + taken)));
        at += taken;
        this.#left -= taken;
        this.#bytes += taken;
        if (this.#left > 0) return undefined;
        if (this.#stage === 'sized') return this.#whole();
        this.#stage = 'chunk-end';
        continue;
      }
      const end = this.#stage === 'head' ? '\r\n\r\n' : '\r\n';
      const before = this.#line.length;
      this.#line += chunk.toString('latin1', at);
      const ended = this.#line.indexOf(end, Math.max(0, before - end.length));
      if (ended < 0) return undefined;
      at += ended + end.length - before;
      const line = this.#line.slice(0, ended);
      this.#line = '';
      if (this.#take(line)) return this.#whole();
    }
    return undefined;
  }

  /** Answers whether that was the end. */
  #take(line: string): boolean {
    switch (this.#stage) {
      case 'head':
        this.#head = line;
        if (this.#expected.headOnly || / (?:204|304) /.test(line.slice(0, 13))) return true;
        if (/^transfer-encoding: *chunked/im.test(line)) {
          this.#stage = 'size';
          return false;
        }
        this.#stage = 'sized';
        this.#left = Number(headerOf(line, 'content-length') ?? 0);
        return this.#left === 0;
      case 'size':
        this.#left = Number.parseInt(line, 16);
        this.#stage = this.#left === 0 ? 'trailer' : 'chunk';
        return false;
      case 'chunk-end':
        this.#stage = 'size';
        return false;
      default:
        return line === '';
    }
  }

  #whole(): Answer {
    const { keepBody } = this.#expected;
    return {
      status: Number(this.#head.slice(9, 12)),
      head: this.#head,
      bytes: this.#bytes,
      body: keepBody ? Buffer.concat(this.#kept) : undefined,
    };
  }
}

export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim();
}
