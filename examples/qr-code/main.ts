/** A QR code as an SVG picture: of a link, a phone number, a Wi-Fi password … */
// @ts-types="npm:@types/qrcode-svg@1"
import QRCode from "npm:qrcode-svg@1";

export default function qrCode(content: string, size = 256): string {
  if (!content) throw new TypeError("`content` must not be empty");
  return new QRCode({
    content,
    width: size,
    height: size,
    padding: 2,
    ecl: "M",
    join: true,
    container: "svg-viewbox",
  }).svg();
}
