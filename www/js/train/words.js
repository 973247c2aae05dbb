// Numbers of a training as a person reads them.

/** @param {number} seconds @returns {string} */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "an unknown time";
  if (seconds < 1) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 3600) {
    const whole = Math.round(seconds / (seconds < 600 ? 10 : 60)) * (seconds < 600 ? 10 : 60);
    return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
  }
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @param {number} bytes @returns {string} */
export const megabytes = (bytes) => `${Math.max(1, Math.round(bytes / 1e6)).toLocaleString("en-GB")} MB`;

/** @param {number} bytes @returns {string} */
export function room(bytes) {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  const [unit, name] = bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(bytes / unit).toLocaleString("en-GB", { maximumFractionDigits: bytes < 10 * unit ? 1 : 0 })} ${name}`;
}

/** @param {number} count @returns {string} */
export function shortCount(count) {
  if (count < 1e3) return String(count);
  return count < 999_500 ? `${Math.round(count / 1e3)} thousand` : `${(count / 1e6).toFixed(2)} million`;
}

/** @param {number | null | undefined} value @returns {string} */
export const loss = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));

/** A name as part of a file's name. @param {string} name */
export const fileStem = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "model";
