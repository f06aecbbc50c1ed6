using System.Buffers;
using System.Text;

namespace LoadBalancer.Layer7.Requests;

/// <summary>
/// Reads two headers before Kestrel does, by the one door that it leaves open: the encoding of a header. It takes
/// <c>Content-Length: +5</c> for 5, and of <c>Connection: X-Secret, close</c> it keeps <c>close</c> alone.
/// </summary>
internal static class HeaderDecoding
{
    private static readonly Encoding Length = new ContentLengthEncoding();
    private static readonly Encoding Connection = new ConnectionEncoding();

    /// <summary>The encoding of a header; null for Kestrel's own.</summary>
    public static Encoding? Select(string name) => name switch
    {
        "Content-Length" => Length,
        "Connection" => Connection,
        _ => null,
    };

    /// <summary>Digits alone (RFC 9110 section 8.6); what is not becomes what is no number to anybody.</summary>
    private sealed class ContentLengthEncoding : OneWayEncoding
    {
        private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);

        public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
        {
            if (bytes.Length > chars.Length || bytes.ContainsAnyExcept(Digits))
            {
                chars[0] = '?';
                return 1;
            }

            return Encoding.Latin1.GetChars(bytes, chars);
        }

        protected override string Decode(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
    }

    /// <summary>
    /// Kestrel replaces the whole value by the one option among close, keep-alive and Upgrade that it finds. Where there
    /// are names of headers as well, it is made to find two, and the connection to end with the request.
    /// </summary>
    private sealed class ConnectionEncoding : OneWayEncoding
    {
        protected override string Decode(ReadOnlySpan<byte> bytes)
        {
            var text = Encoding.Latin1.GetString(bytes);
            foreach (var range in text.AsSpan().Split(','))
            {
                if (!HopByHop.IsKnown(text.AsSpan(range).Trim()))
                {
                    return text + ", keep-alive, close";
                }
            }

            return text;
        }
    }

    private abstract class OneWayEncoding : Encoding
    {
        public override int GetCharCount(byte[] bytes, int index, int count) => Decode(bytes.AsSpan(index, count)).Length;

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
        {
            var text = Decode(bytes.AsSpan(byteIndex, byteCount));
            text.CopyTo(chars.AsSpan(charIndex));
            return text.Length;
        }

        public override int GetMaxCharCount(int byteCount) => byteCount + 64;

        public override int GetByteCount(char[] chars, int index, int count) => throw new NotSupportedException();

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => throw new NotSupportedException();

        public override int GetMaxByteCount(int charCount) => throw new NotSupportedException();

        protected abstract string Decode(ReadOnlySpan<byte> bytes);
    }
}
