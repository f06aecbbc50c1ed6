namespace LoadBalancer.Layer7.Caching;

/// <summary>Writes stored bytes to clients.</summary>
internal static class AnswerBody
{
    // The server copies what it is given before it waits for the client: a large body at once would be in memory once for each client.
    private const int Chunk = 64 * 1024;

    public static ValueTask WriteAsync(Stream client, ReadOnlyMemory<byte> bytes, CancellationToken cancellation) =>
        bytes.Length <= Chunk ? client.WriteAsync(bytes, cancellation) : WriteInChunksAsync(client, bytes, cancellation);

    /// <summary>Sends an answer while it comes. A client that goes away ends this, and nothing else.</summary>
    /// <param name="fill">The answer.</param>
    /// <param name="client">The client.</param>
    /// <param name="sendsHead">Whether its head goes ahead, because the body takes its time.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether the client got all that has come.</returns>
    public static async Task<bool> PumpAsync(Fill fill, Stream client, bool sendsHead = false, CancellationToken cancellation = default)
    {
        var position = 0;
        try
        {
            if (sendsHead)
            {
                await client.FlushAsync(cancellation);
            }

            while (true)
            {
                var ended = fill.Ended.IsCompleted;
                var bytes = fill.Read(position);
                if (!bytes.IsEmpty)
                {
                    await WriteAsync(client, bytes, cancellation);
                    position += bytes.Length;
                }
                else if (ended)
                {
                    return true;
                }
                else
                {
                    await fill.WaitAsync(position).WaitAsync(cancellation);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static async ValueTask WriteInChunksAsync(Stream client, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(Chunk, bytes.Length)..])
        {
            await client.WriteAsync(bytes[..Math.Min(Chunk, bytes.Length)], cancellation);
        }
    }
}
