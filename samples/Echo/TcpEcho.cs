using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using ServiceDefaults;

namespace Echo;

/// <summary>Answers each line with <c>replica pid line</c>. A client that sends a longer line than it may is cut off.</summary>
internal sealed partial class TcpEcho(EchoSockets sockets, ReplicaIdentity me, ILogger<TcpEcho> logger) : BackgroundService
{
    private const int LongestLine = 64 * 1024;

    private readonly byte[] _prefix = Encoding.UTF8.GetBytes($"{me.Replica} {me.Pid} ");

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LogListening(sockets.Tcp.LocalEndPoint);

        // Ends when the last connection has, so that a stop does not cut an answer in half.
        return Parallel.ForEachAsync(
            AcceptAsync(stoppingToken),
            new ParallelOptions { MaxDegreeOfParallelism = int.MaxValue },
            async (connection, _) => await ServeAsync(connection, stoppingToken));
    }

    private async IAsyncEnumerable<Socket> AcceptAsync([EnumeratorCancellation] CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await sockets.Tcp.AcceptAsync(stopping);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }

            yield return connection;
        }
    }

    private async Task ServeAsync(Socket connection, CancellationToken stopping)
    {
        using (connection)
        {
            EndPoint? client = null;
            try
            {
                client = connection.RemoteEndPoint;
                await using var stream = new NetworkStream(connection);
                await EchoLinesAsync(PipeReader.Create(stream), PipeWriter.Create(stream), client, stopping);
                connection.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                LogGone(client, e.Message);
            }
            catch (OperationCanceledException)
            {
                LogStopping(client);
            }
        }
    }

    private async Task EchoLinesAsync(PipeReader reader, PipeWriter writer, EndPoint? client, CancellationToken stopping)
    {
        while (true)
        {
            var result = await reader.ReadAsync(stopping);
            var rest = result.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end && rest.Slice(0, end).Length <= LongestLine)
            {
                Answer(writer, rest.Slice(0, end));
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (result.IsCompleted && !rest.IsEmpty && rest.Length <= LongestLine)
            {
                Answer(writer, rest);
                rest = rest.Slice(rest.End);
            }

            await writer.FlushAsync(CancellationToken.None);
            if (rest.Length > LongestLine)
            {
                LogTooLong(client, LongestLine);
                return;
            }

            if (result.IsCompleted)
            {
                return;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private void Answer(PipeWriter writer, ReadOnlySequence<byte> line)
    {
        writer.Write(_prefix);
        foreach (var part in line)
        {
            writer.Write(part.Span);
        }

        writer.Write("\n"u8);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Echo over TCP listens on {Address}")]
    private partial void LogListening(EndPoint? address);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Client} is gone: {Reason}")]
    private partial void LogGone(EndPoint? client, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Client} is disconnected because the service stops")]
    private partial void LogStopping(EndPoint? client);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Client} is disconnected: its line is longer than {Limit} bytes")]
    private partial void LogTooLong(EndPoint? client, int limit);
}
