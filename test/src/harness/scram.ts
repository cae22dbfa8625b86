/** Passwords of SCRAM users, set on a broker as an operator would: the one request of Kafka's protocol that the client library lacks. */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const ALTER_USER_SCRAM_CREDENTIALS = 51;
const SCRAM_SHA_512 = 2;
const ITERATIONS = 4_096;
const TIMEOUT_MS = 10_000;

const int = (bytes: 1 | 2 | 4, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeIntBE(value, 0, bytes);
  return buffer;
};
/** Length + 1 and bytes; all lengths here are below 127. */
const compact = (content: Buffer): Buffer => Buffer.concat([int(1, content.length + 1), content]);
const NO_TAGS = int(1, 0);
const EMPTY_ARRAY = int(1, 1);
const ARRAY_OF_ONE = int(1, 2);

/** Sets the password of a user, who need not exist; on a listener without login. Rejects when the broker refuses or does not answer. */
export async function setScramPassword(port: number, user: string, password: string): Promise<void> {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512');
  const request = Buffer.concat([
    ...[int(2, ALTER_USER_SCRAM_CREDENTIALS), int(2, 0), int(4, 1), int(2, -1), NO_TAGS], // Header: no client id.
    EMPTY_ARRAY, // Deletions.
    ...[ARRAY_OF_ONE, compact(Buffer.from(user)), int(1, SCRAM_SHA_512), int(4, ITERATIONS)],
    ...[compact(salt), compact(salted), NO_TAGS, NO_TAGS],
  ]);
  const answer = await ask(port, request);
  // Correlation 4, tags 1, throttle 4, array 1, user 1 + its length, error code 2.
  const error = answer.readInt16BE(4 + 1 + 4 + 1 + 1 + Buffer.byteLength(user));
  if (error !== 0) throw new Error(`the broker refused the password of ${user}: error ${error}`);
}

function ask(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('the broker does not answer')));
    let read = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      if (read.length < 4 || read.length < 4 + read.readInt32BE(0)) return;
      socket.destroy();
      resolve(read.subarray(4));
    });
    socket.write(Buffer.concat([int(4, request.length), request]));
  });
}
