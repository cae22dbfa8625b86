// Prints the bill of materials of what is installed for production, as CycloneDX: npm's own, of the lock file that was installed from, less what differs from run
// to run (a random serial number, the time), so that the same sources give the same image.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';

const text = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const bill = JSON.parse(text);
delete bill.serialNumber;
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? 0);
bill.metadata.timestamp = new Date(seconds * 1000).toISOString();
const byRef = (a, b) => (String(a['bom-ref'] ?? a.ref) < String(b['bom-ref'] ?? b.ref) ? -1 : 1);
bill.components?.sort(byRef);
bill.dependencies?.sort(byRef);
const hash = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
// A name-based identifier over the content, in the form of a UUID.
bill.serialNumber = `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
