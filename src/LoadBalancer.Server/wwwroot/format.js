// Figures as text, short and of steady width.

export function number(value) {
  return value === null || value === undefined ? '–' : Math.round(value).toLocaleString('en');
}

/** A rate or an amount with few digits: 0, 0.4, 12, 3.4k. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return '–';
  }
  const size = Math.abs(value);
  if (size >= 999_950) {
    return `${(value / 1e6).toFixed(size < 9.95e6 ? 1 : 0)}M`;
  }
  if (size >= 1000) {
    return `${(value / 1000).toFixed(size < 9950 ? 1 : 0)}k`;
  }
  if (size >= 10 || size < 0.05) {
    return String(Math.round(value));
  }
  return value.toFixed(1);
}

export function rate(value) {
  return `${short(value)}/s`;
}

export function bytes(value) {
  if (value === null || value === undefined) {
    return '–';
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function milliseconds(value) {
  if (value === null || value === undefined) {
    return '–';
  }
  if (value >= 995) {
    return `${(value / 1000).toFixed(value < 9950 ? 1 : 0)} s`;
  }
  return `${value >= 9.95 ? Math.round(value) : value.toFixed(1)} ms`;
}

export function span(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) {
    return '–';
  }
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return whole < 86_400
    ? `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`
    : `${Math.floor(whole / 86_400)} d ${Math.floor(whole % 86_400 / 3600)} h`;
}

/** The time of day of an ISO date, with tenths of a second. */
export function clock(text) {
  const date = new Date(text);
  const two = part => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${Math.floor(date.getMilliseconds() / 100)}`;
}

/** A name such as LeastConnections as words. */
export function words(name) {
  return name === null || name === undefined ? '–' : name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
}

/** Says which faults are in force. */
export function faults(options) {
  const parts = [];
  if (options.latencyMilliseconds || options.jitterMilliseconds) {
    parts.push(`latency ${options.latencyMilliseconds} ms${options.jitterMilliseconds ? ` and up to ${options.jitterMilliseconds} more` : ''}`);
  }
  if (options.bytesPerSecond) {
    parts.push(`${bytes(options.bytesPerSecond)}/s`);
  }
  if (options.resetAfterBytes !== null && options.resetAfterBytes !== undefined) {
    parts.push(`reset after ${bytes(options.resetAfterBytes)}`);
  }
  if (options.refuse) {
    parts.push('refuse');
  }
  if (options.blackHole) {
    parts.push('black hole');
  }
  if (options.status) {
    parts.push(`status ${options.status}`);
  }
  if (options.percent !== undefined && options.percent !== 100) {
    parts.push(`for ${options.percent} % of the requests`);
  }
  if (options.header) {
    parts.push(`with ${options.header}${options.headerValue ? `: ${options.headerValue}` : ''}`);
  }
  return parts.join(', ');
}
