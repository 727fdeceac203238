import { expect } from 'chai';
import fc from 'fast-check';
import { parseDisks, parseSystem } from '../src/host-system.ts';
import { parseGpu } from '../src/parse-nvidia-smi.ts';
import { parseWeightsContent } from '../src/weights-content.ts';

const FILES = `MemTotal:       127600748 kB
MemAvailable:   118033024 kB
some avg10=12.50 avg60=1.00 avg300=0.00 total=123
full avg10=3.00 avg60=0.00 avg300=0.00 total=45
PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
`;
const LINES = `uptime 25612.35
load 1.84
kernel 6.14.0-1013-nvidia
cpus 0-19
commit 0123456789abcdef0123456789abcdef01234567
`;

describe('the parser of what the system says of itself', () => {
  it('reads pressure, kernel, load, processors and the commit of the launcher', () => {
    expect(parseSystem(FILES, LINES)).to.deep.equal({
      ...{ os: 'Ubuntu 24.04.3 LTS', kernel: '6.14.0-1013-nvidia', memoryPressurePercent: 12.5, loadAverage: 1.84, cpus: 20 },
      ...{ launcherCommit: '0123456789ab', uptimeSeconds: 25_612.35 },
    });
  });

  it('names DGX OS with the version that people know', () => {
    expect(parseSystem(`${FILES}DGX_NAME="DGX Spark"\nDGX_SWBUILD_VERSION="7.2.3"\n`, '').os).to.equal('DGX OS 7.2.3 (Ubuntu 24.04.3 LTS)');
    expect(parseSystem('DGX_SWBUILD_VERSION=7.2.3\n', '').os).to.equal('DGX OS 7.2.3');
  });

  it('is null, never zero, for what is not said', () => {
    expect(parseSystem('', '')).to.deep.equal({
      ...{ os: null, kernel: null, memoryPressurePercent: null, loadAverage: null, cpus: null, launcherCommit: null, uptimeSeconds: null },
    });
    expect(parseSystem('', 'cpus x-3\ncommit main\nload \nuptime soon\n')).to.include({
      cpus: null,
      launcherCommit: null,
      loadAverage: null,
    });
  });

  it('counts processors that are not in one row', () => expect(parseSystem('', 'cpus 0,2-4,7\n').cpus).to.equal(5));
});

describe('the parser of df', () => {
  it('tells the file systems apart by what they are for', () => {
    const text = `disk root /dev/nvme0n1p2      3844549680 1000 2400000000      31% /
disk cache //nas/a b c 500 100 400 20% /mnt/my models
disk docker overlay 10 5 5 - /var/lib/docker
disk boot /dev/nvme0n1p1 1000 500 500 50% /boot
disk other /dev/x 1 1 1 1% /x
disk root df: no
`;
    expect(parseDisks(text)).to.deep.equal([
      { role: 'root', mount: '/', totalBytes: 3_844_549_680 * 1_024, freeBytes: 2_400_000_000 * 1_024 },
      { role: 'cache', mount: '/mnt/my models', totalBytes: 500 * 1_024, freeBytes: 400 * 1_024 },
      { role: 'docker', mount: '/var/lib/docker', totalBytes: 10 * 1_024, freeBytes: 5 * 1_024 },
      { role: 'boot', mount: '/boot', totalBytes: 1_000 * 1_024, freeBytes: 500 * 1_024 },
    ]);
  });
});

describe('the parser of nvidia-smi takes for unknown, never for zero:', () => {
  const spellings = [
    ...['[N/A]', 'N/A', 'n/a', 'NA', '[Not Supported]', 'Not Supported', '[Unsupported]', '', '   ', '[Unknown Error]', 'Unknown Error'],
    ...[
      '[GPU requires reset]',
      'GPU requires reset',
      '[GPU is lost]',
      '[Insufficient Permissions]',
      '[Not Found]',
      '[No data]',
      'ERR!',
      '-',
    ],
    ...['[Requested functionality has been deprecated]', '[Function Not Found]', 'Deprecated', '[something new]'],
  ];
  for (const word of spellings) {
    it(JSON.stringify(word), () => {
      const gpu = parseGpu(`NVIDIA GB10, ${word}, ${word}, ${word}, ${word}, ${word}\n`, `12, python, ${word}\n34, ${word}, 1024\n`);
      expect(gpu).to.deep.equal({
        ...{ name: 'NVIDIA GB10', driver: null, utilizationPercent: null, temperatureC: null, powerW: null, smClockMHz: null },
        processes: [
          { pid: 12, name: 'python', usedBytes: null },
          { pid: 34, name: 'unknown', usedBytes: 2 ** 30 },
        ],
      });
    });
  }

  it('and a zero for zero', () =>
    expect(parseGpu('NVIDIA GB10, 580.1, 0, 41, 0.00, 0\n', '')).to.include({ utilizationPercent: 0, powerW: 0 }));

  for (const complaint of [
    'No devices were found\n',
    'Failed to initialize NVML: Driver/library version mismatch\n',
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver, or so.\n",
  ]) {
    it(`a host that says ${JSON.stringify(complaint)}`, () => expect(parseGpu(complaint, complaint)).to.equal(null));
  }
});

describe('the parser of what weights hold', () => {
  const tensors = (text: string) => parseWeightsContent(undefined, text).tensorBytes;

  it('believes the index, unless the files hold less, or far more', () => {
    expect(tensors('index 1000\nfiles 1010\n')).to.equal(1_000);
    expect(tensors('index 4000\nfiles 1010\n')).to.equal(1_010);
    expect(tensors('index 100\nfiles 1010\n')).to.equal(1_010);
    expect(tensors('index \nfiles 1010\n')).to.equal(1_010);
    expect(tensors('index 1000\n')).to.equal(1_000);
    expect(tensors('')).to.equal(null);
  });
});

describe('these parsers', () => {
  it('take any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        parseSystem(text, text);
        parseDisks(`disk root ${text}`);
        parseGpu(`${text},,,,,`, text);
        parseWeightsContent(text, `index ${text}\nfiles ${text}`);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 20_000 : 500 },
    );
  });
});
