using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using LoadBalancer.Layer7.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Writes the head of a request, as a backend gets it, into one buffer. What <c>Connection</c> names is gone already, and
/// the forwarded headers are there: see <see cref="HopByHop"/> and <see cref="ForwardedHeaders"/>.
/// </summary>
internal ref struct RequestHead
{
    private const int LongestNumber = 20;

    // What YARP does not encode either (RFC 3986 appendix A); a path with anything else is left to it.
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create("!$&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
    private static readonly SearchValues<char> QueryCharacters = SearchValues.Create("!$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_`abcdefghijklmnopqrstuvwxyz{|}~^");
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\r\n\0");

    private readonly HttpContext _context;
    private byte[] _buffer;
    private int _length;

    private RequestHead(HttpContext context, byte[] buffer)
    {
        _context = context;
        _buffer = buffer;
    }

    /// <summary>Whether a path is one that is written as it is.</summary>
    public static bool CanWritePath(ReadOnlySpan<char> path) => path is ['/', ..] && !path.ContainsAnyExcept(PathCharacters);

    /// <summary>Whether a query is one that is written as it is.</summary>
    public static bool CanWriteQuery(ReadOnlySpan<char> query) => !query.ContainsAnyExcept(QueryCharacters);

    /// <summary>Writes the head.</summary>
    /// <param name="context">The request.</param>
    /// <param name="host">The backend's host and port.</param>
    /// <param name="path">The path as the backend sees it.</param>
    /// <param name="removed">What was taken off the path, encoded; null for nothing.</param>
    /// <param name="hasBody">Whether a body follows.</param>
    /// <param name="buffer">From the shared pool of arrays; replaced by a larger one where it is too small.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(HttpContext context, ReadOnlySpan<byte> host, ReadOnlySpan<char> path, string? removed, bool hasBody, ref byte[] buffer)
    {
        var span = Activity.Current;
        var head = new RequestHead(context, buffer);
        head.WriteRequestLine(path);
        head.WriteHost(host);
        head.WriteFields(removed, span is not null);
        head.WriteFraming(hasBody);
        if (span is not null)
        {
            head.WriteTrace(span);
        }

        head.Write("\r\n"u8);
        buffer = head._buffer;
        return head._length;
    }

    private void WriteRequestLine(ReadOnlySpan<char> path)
    {
        var request = _context.Request;
        Write(request.Method);
        Write(" "u8);
        if (path.IsEmpty)
        {
            Write("/"u8);
        }

        Write(path);
        Write(request.QueryString.Value);
        Write(" HTTP/1.1\r\n"u8);
    }

    private void WriteHost(ReadOnlySpan<byte> host)
    {
        Write("Host: "u8);
        Write(host);
        Write("\r\n"u8);
    }

    private void WriteFields(string? removed, bool hasSpan)
    {
        var headers = _context.Request.Headers;
        foreach (var (name, values) in headers)
        {
            // Names that begin with a colon are HTTP/2's own.
            var passes = name[0] != ':' && FieldNames.KindOf(name) switch
            {
                FieldKind.Plain or FieldKind.Personal or FieldKind.Location => true,
                FieldKind.Trace => !hasSpan,
                FieldKind.ForwardedPrefix => removed is null,
                _ => false,
            };
            if (passes)
            {
                WriteField(name, values);
            }
        }

        // Only where the others are told too.
        if (removed is not null && headers.ContainsKey(ForwardedHeaders.Proto))
        {
            WriteField(ForwardedHeaders.Prefix, headers[ForwardedHeaders.Prefix].ToString().TrimEnd('/') + removed);
        }
    }

    private void WriteField(string name, in StringValues values)
    {
        foreach (var value in values)
        {
            // Nothing of the kind comes from a client, but a field may have been added on the way.
            if (value is not null && !value.AsSpan().ContainsAny(LineEnds))
            {
                Write(name);
                Write(": "u8);
                Write(value);
                Write("\r\n"u8);
            }
        }
    }

    private void WriteFraming(bool hasBody)
    {
        var request = _context.Request;
        if (request.ContentLength is { } length && (hasBody || length == 0))
        {
            WriteContentLength(length);
        }
        else if (hasBody)
        {
            Write("Transfer-Encoding: chunked\r\n"u8);
        }
        else if (HttpMethods.IsPost(request.Method) || HttpMethods.IsPut(request.Method) || HttpMethods.IsPatch(request.Method))
        {
            // RFC 9110 §8.6: a method that is about a body says that there is none.
            WriteContentLength(0);
        }
    }

    private void WriteContentLength(long length)
    {
        Write("Content-Length: "u8);
        Reserve(LongestNumber);
        length.TryFormat(_buffer.AsSpan(_length), out var written, provider: CultureInfo.InvariantCulture);
        _length += written;
        Write("\r\n"u8);
    }

    // W3C Trace Context; whatever else a span has to pass on is for the propagator.
    private void WriteTrace(Activity span)
    {
        if (span.IdFormat != ActivityIdFormat.W3C || span.TraceStateString is not null || span.Baggage.Any())
        {
            List<KeyValuePair<string, string>> fields = [];
            DistributedContextPropagator.Current.Inject(span, fields, static (carrier, name, value) => ((List<KeyValuePair<string, string>>)carrier!).Add(new(name, value)));
            foreach (var (name, value) in fields)
            {
                WriteField(name, value);
            }

            return;
        }

        Write("traceparent: 00-"u8);
        Write(span.TraceId.ToHexString());
        Write("-"u8);
        Write(span.SpanId.ToHexString());
        Write(span.Recorded ? "-01\r\n"u8 : "-00\r\n"u8);
    }

    private void Write(scoped ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Write(scoped ReadOnlySpan<char> text)
    {
        Reserve(3 * text.Length);
        _length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Grow(count);
        }
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _buffer.Length, _length + count));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
