const RATE = 16_000;
const SAMPLES = RATE / 2;
const TONE_HZ = 440;
const LOUDNESS = 3_000;
const HEADER_BYTES = 44;

/** Half a second of a soft tone as WAV: 16 kHz, mono, 16 bit. Not silence, which some servers refuse as an empty file. */
export function testAudio(): Buffer {
  const wav = Buffer.alloc(HEADER_BYTES + SAMPLES * 2);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(SAMPLES * 2, 40);
  for (let at = 0; at < SAMPLES; at += 1) {
    const sample = Math.round(Math.sin((2 * Math.PI * TONE_HZ * at) / RATE) * LOUDNESS);
    wav.writeInt16LE(sample, HEADER_BYTES + at * 2);
  }
  return wav;
}
