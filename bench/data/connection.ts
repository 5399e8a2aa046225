import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader } from './answer-reader.ts';

/**
 * One connection that is kept, with one request at a time. HTTP is spoken by hand: Node's own client takes as much processor
 * for a request as the server that is measured.
 */
export class Connection implements Disposable {
  readonly #socket: Socket;
  readonly #reader: AnswerReader;
  readonly #lines: string;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket, reader: AnswerReader, lines: string) {
    this.#socket = socket;
    this.#reader = reader;
    this.#lines = lines;
    const lost = (error: Error) => this.#waiting?.reject(error);
    socket.on('error', lost);
    socket.on('close', () => lost(new Error('The server closed the connection')));
  }

  static async open(origin: string, authorization: string | undefined): Promise<Connection> {
    const { hostname, port, host } = new URL(origin);
    const reader = new AnswerReader();
    const socket = connect({
      host: hostname === 'localhost' ? '127.0.0.1' : hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(256 * 1024),
        callback: (length, buffer) => {
          connection.#arrived(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    const credentials = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
    const connection = new Connection(socket, reader, `Host: ${host}\r\n${credentials}`);
    await once(socket, 'connect');
    return connection;
  }

  /** `headers` are whole lines, each with its line break. */
  send(
    method: string,
    path: string,
    { headers = '', body, keepBody = false }: { headers?: string; body?: Uint8Array; keepBody?: boolean } = {},
  ): Promise<Answer> {
    const length = body === undefined && (method === 'GET' || method === 'HEAD') ? '' : lengthLine(body);
    const head = `${method} ${path} HTTP/1.1\r\n${this.#lines}${headers}${length}\r\n`;
    this.#reader.expect({ headOnly: method === 'HEAD', keepBody });
    if (this.#socket.destroyed) return Promise.reject(new Error('The server has closed the connection'));
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting = { resolve, reject };
    if (body === undefined) this.#socket.write(head, 'latin1');
    else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
    return promise;
  }

  /** As `send`, for a request that must be answered with `status`. */
  async expect(status: number, ...request: Parameters<Connection['send']>): Promise<Answer> {
    const answer = await this.send(...request);
    if (answer.status !== status) throw new Error(`${request[0]} ${request[1]} was answered: ${answer.head}`);
    return answer;
  }

  #arrived(bytes: Buffer): void {
    const answer = this.#reader.read(bytes);
    if (answer === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function lengthLine(body: Uint8Array | undefined): string {
  return `Content-Length: ${body?.byteLength ?? 0}\r\n`;
}
