using System.Globalization;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>
/// A file that text is added to and that becomes <c>name.1</c> when it is full. Not safe for use from two threads, and no
/// other program may turn it over meanwhile.
/// </summary>
internal sealed class RotatedFile(string path, long maxSize, int keptFiles) : IDisposable
{
    private const int MostKeptFiles = 100;

    private FileStream? _stream;

    /// <summary>Whether so much more would make it too large.</summary>
    public bool IsFull(int more) => _stream is { Length: > 0 } stream && stream.Length + more > maxSize;

    /// <summary>Opens it at its end; does nothing when it is open.</summary>
    /// <returns>Whether it was not.</returns>
    public bool Open()
    {
        if (_stream is not null)
        {
            return false;
        }

        // No buffer: what comes here is whole lines, which others shall see at once.
        _stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.Asynchronous,
            BufferSize = 0,
        });
        return true;
    }

    /// <summary>Adds text, all of it or nothing.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> text)
    {
        var end = _stream!.Length;
        try
        {
            await _stream.WriteAsync(text);
        }
        catch (IOException)
        {
            // Half a line would swallow the one that follows.
            _stream.SetLength(end);
            throw;
        }
    }

    /// <summary>Makes it <c>name.1</c>, what was that <c>name.2</c> and so on; the next one is opened by <see cref="Open"/>.</summary>
    public void Rotate()
    {
        Close();
        // All that are too many: there may have been more to keep before.
        for (var number = Math.Max(keptFiles, 1); number <= MostKeptFiles; number++)
        {
            File.Delete(Older(number));
        }

        for (var number = keptFiles - 1; number >= 1; number--)
        {
            if (File.Exists(Older(number)))
            {
                File.Move(Older(number), Older(number + 1));
            }
        }

        if (keptFiles == 0)
        {
            File.Delete(path);
        }
        else
        {
            File.Move(path, Older(1));
        }
    }

    public void Close()
    {
        _stream?.Dispose();
        _stream = null;
    }

    public void Dispose() => Close();

    private string Older(int number) => string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");
}
