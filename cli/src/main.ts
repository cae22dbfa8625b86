import { run } from './program.js';

/** A reader that has had enough (`| head`) ends the command, and is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await run(process.argv.slice(2));
// The verb has closed what it opened. What a client library still keeps (a socket that is being shut, a timer) must not hold the shell.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((written) => stream.write('', written))),
);
process.exit(code);
