const BOUNDARY = 'spark-control-7d1f4c02a9e6';

/** A form with one audio file. A value is one line, so that it cannot end its part. */
export function audioForm(audio: Buffer, fields: Readonly<Record<string, string>>): Readonly<{ type: string; bytes: Buffer }> {
  const texts = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${oneLine(value)}\r\n`,
  );
  const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="check.wav"\r\ncontent-type: audio/wav\r\n\r\n`;
  return {
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    bytes: Buffer.concat([Buffer.from(texts.join('') + head), audio, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}

const oneLine = (value: string): string => value.replace(/\p{Cc}/gu, ' ').replaceAll(BOUNDARY, '');
