using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>A connection on which a test reads and writes bytes.</summary>
internal sealed class RawConnection(NetworkStream stream, CancellationToken cancellation) : IDisposable
{
    private readonly byte[] _one = new byte[1];

    public Socket Socket => stream.Socket;

    public async Task WriteAsync(string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text), cancellation);

    /// <summary>Reads until a text has come, or the end.</summary>
    /// <param name="end">What the text ends with.</param>
    /// <returns>All that was read.</returns>
    public async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        while (!EndsWith(text, end) && await stream.ReadAsync(_one, cancellation) == 1)
        {
            text.Append((char)_one[0]);
        }

        return text.ToString();
    }

    /// <summary>Reads the head of a message.</summary>
    public Task<string> ReadHeadAsync() => ReadUntilAsync("\r\n\r\n");

    /// <summary>Reads until the other side has closed.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        return await reader.ReadToEndAsync(cancellation);
    }

    /// <summary>Whether there is something to read at this moment, or the other side has closed.</summary>
    public bool HasData => Socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Ends the connection with a reset.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    public void Dispose() => stream.Dispose();

    private static bool EndsWith(StringBuilder text, string end)
    {
        if (text.Length < end.Length)
        {
            return false;
        }

        for (var i = 0; i < end.Length; i++)
        {
            if (text[text.Length - end.Length + i] != end[i])
            {
                return false;
            }
        }

        return true;
    }
}
